"""What speaks against the class is kept, with a negative sign. Grad-CAM shows only the places that raise the
score."""

CHANGES = [
    ("F.relu((weights * kept[0].detach()).sum(dim=1))", "(weights * kept[0].detach()).sum(dim=1)"),
]
