"""The hook keeps the output itself. The module after it works in place: by the time you look, the negative values
of the normalisation are zero, and the branch contains the shortcut. Keep a copy."""

CHANGES = [
    ("kept[name] = output.clone()", "kept[name] = output"),
]
