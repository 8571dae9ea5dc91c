"""With the `if` gone Python refuses by itself to multiply None. The reader is told of a NoneType and not which
parameter it was, nor what to look for. Raise a RuntimeError that names the parameter."""

CHANGES = [
    ("            if param.grad is None:\n                raise RuntimeError(", "            str("),
]
