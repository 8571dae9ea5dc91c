"""Rows and columns of the tile have changed places."""

CHANGES = [("padded[i : i + tile, j : j + tile]", "padded[j : j + tile, i : i + tile]")]
