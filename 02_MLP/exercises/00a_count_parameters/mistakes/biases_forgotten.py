"""Only the weights were counted. Every unit of a layer has a bias as well, a parameter like the others."""

CHANGES = [("(sizes[i - 1] + 1)", "sizes[i - 1]")]
