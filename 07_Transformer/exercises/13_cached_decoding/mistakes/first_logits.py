"""The logits of the first position are taken. With a beginning of several words it is the last one that says what
comes next."""

CHANGES = [
    (".logits[:, -1]", ".logits[:, 0]"),
]
