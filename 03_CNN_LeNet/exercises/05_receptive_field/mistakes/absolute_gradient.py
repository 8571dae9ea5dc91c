"""The gradient's absolute value is taken, not its square. Squares of independent weights add up from layer to
layer, absolute values do not; and the small values at the border count for more, so the spot looks wider than it
is."""

CHANGES = [("(dx[0] ** 2).sum(axis=0)", "np.abs(dx[0]).sum(axis=0)")]
