"""dx carries a factor t. The exponent gives one, that is right, but y is divided by t, and so is its gradient: the
two cancel."""

CHANGES = [("dy * p[..., i, j]", "t * dy * p[..., i, j]")]
