"""The exponent was divided by 2 sigma. It is 2 sigma squared that makes the exponent a number without a unit."""

CHANGES = [("2 * sigma**2", "2 * sigma")]
