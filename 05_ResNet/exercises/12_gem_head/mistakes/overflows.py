"""The power is taken of the values as they are. A large one leaves the range of float32, and the root of infinity is
infinity. The generalised mean of c x is c times that of x: divide each map by
its largest value first, and multiply at the end."""

CHANGES = [
    ("(x / top).pow(self.p)", "x.pow(self.p)"),
    (" * top[:, :, 0, 0]", ""),
]
