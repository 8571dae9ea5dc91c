"""n pixels were taken for n steps. Between n stamps there are n - 1 steps; the last stamp adds its own width."""

CHANGES = [("(n - 1)", "n")]
