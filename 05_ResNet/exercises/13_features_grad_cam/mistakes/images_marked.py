"""The images were told to collect gradients, to get a graph through a frozen model. They belong to the caller, who finds them
changed. It is enough that the map itself asks for a gradient."""

CHANGES = [
    ("    modes = {module", "    x.requires_grad_()\n    modes = {module"),
]
