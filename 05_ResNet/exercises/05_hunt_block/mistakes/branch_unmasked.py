"""Now neither term is masked by the last ReLU. Both must be: it stands behind their sum."""

CHANGES = [("dsum = dy * (y > 0)  # through the last ReLU", "dsum = dy")]
