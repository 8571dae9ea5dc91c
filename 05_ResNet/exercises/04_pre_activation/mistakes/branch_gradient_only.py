"""Backward returns the branch's gradient alone. x also goes straight to the sum, and that path hands dy back
unchanged: it is the one that makes deep networks trainable."""

CHANGES = [("return dy + d  # nothing", "return d  # nothing")]
