"""Rows and columns of the tile have changed places, which only a tile of an oblong image shows."""

CHANGES = [("padded[i : i + tile, j : j + tile]", "padded[j : j + tile, i : i + tile]")]
