"""The model goes on with the slow implementation: the setting is not put back."""

CHANGES = [
    ("        model.set_attn_implementation(implementation)\n", "        pass\n"),
]
