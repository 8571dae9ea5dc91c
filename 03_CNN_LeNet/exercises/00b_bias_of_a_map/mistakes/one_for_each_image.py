"""The bias has one axis too many behind it, and lines up with the images: all maps of an image get the same
number."""

CHANGES = [("bias[:, None, None]", "bias[:, None, None, None]")]
