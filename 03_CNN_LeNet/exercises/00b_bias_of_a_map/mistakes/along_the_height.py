"""The bias has one axis too few behind it, and lines up with the height. Rows and columns of a map, two axes, come
after the maps."""

CHANGES = [("bias[:, None, None]", "bias[:, None]")]
