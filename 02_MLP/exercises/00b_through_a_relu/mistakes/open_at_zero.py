"""At 0 the gate counts as closed. It is a convention, but with many exact zeros (a ReLU behind a ReLU) it decides
whether levels agree."""

CHANGES = [("x > 0", "x >= 0")]
