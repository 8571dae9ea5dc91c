"""The units were multiplied by 1 - p, which makes small what should be made larger. That factor belongs to
evaluation, and only if nothing was done in training."""

CHANGES = [("/ (1.0 - p)", "* (1.0 - p)")]
