"""The gradient is sent into every output map at once. Asked is one unit: with all of them the squares add up to
several times as much."""

CHANGES = [("dx[0, 0] = 1.0", "dx[...] = 1.0")]
