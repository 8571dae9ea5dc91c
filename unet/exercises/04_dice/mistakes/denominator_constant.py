"""The denominator depends on p as well, and the quotient rule has a second term."""

CHANGES = [("(2.0 * y * S - 2.0 * I) / S**2", "2.0 * y / S")]
