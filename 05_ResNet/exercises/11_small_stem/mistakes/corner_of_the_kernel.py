"""The new kernel is a corner of the old one. A 7x7 kernel with padding 3 is centred on its pixel, and a 3x3 kernel with
padding 1 too: only the central values keep the filter in its place."""

CHANGES = [("old.weight[:, :, edge : edge + 3, edge : edge + 3]", "old.weight[:, :, :3, :3]")]
