"""The exponent divides by 2 sigma squared."""

CHANGES = [("2 * sigma**2", "2 * sigma")]
