"""The bias was added along the width: with as many maps as columns, every column has its own number. Shapes are lined
up from the right."""

CHANGES = [("bias[:, None, None]", "bias")]
