"""A run was called convergent when its loss fell at first. Divergence begins along one direction, the steepest; the
others may still improve, and their gain hides it for many steps. Let the run go on until what grows has outgrown the
rest."""

CHANGES = [("run = losses(x, y, lr=lr, steps=120)", "run = losses(x, y, lr=lr, steps=1)")]
