"""The powers are summed and not averaged. The result then grows with the size of the image, by the p-th root of the number
of places, and p = 1 is no average."""

CHANGES = [(".mean(dim=(2, 3)).pow", ".sum(dim=(2, 3)).pow")]
