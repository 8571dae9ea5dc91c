"""The function exists, and timm does not know it. `create_model` looks a name up in the registry, and the decorator
`register_model` puts it there when the module is imported."""

CHANGES = [
    ("@register_model\n", ""),
]
