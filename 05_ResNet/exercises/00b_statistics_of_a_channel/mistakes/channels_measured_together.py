"""The channels were measured together, separately for every image. Each channel looks for another feature, and has a
mean of its own."""

CHANGES = [("x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))", "x.mean(axis=(1, 2, 3)), x.var(axis=(1, 2, 3))")]
