"""All heads have one slope. With different ones some heads see near and some far."""

CHANGES = [
    (".to(query)[:, None, None]", ".to(query).mean()[None, None, None]"),
]
