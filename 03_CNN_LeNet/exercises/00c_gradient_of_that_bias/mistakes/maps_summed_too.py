"""The sum runs over the maps and keeps the images. Each map has a bias of its own, which all images share."""

CHANGES = [("axis=(0, 2, 3)", "axis=(1, 2, 3)")]
