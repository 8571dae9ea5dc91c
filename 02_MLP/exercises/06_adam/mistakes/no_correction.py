"""The correction for starting at zero is gone. Without it the faulty counter is gone too, but m begins at a tenth
of the gradient and the root of v at a thirtieth of its size: the first steps are about three times too long."""

CHANGES = [
    (".div_(math.sqrt(1.0 - b2**self.t))", ""),
    (" / (1.0 - b1**self.t)", ""),
]
