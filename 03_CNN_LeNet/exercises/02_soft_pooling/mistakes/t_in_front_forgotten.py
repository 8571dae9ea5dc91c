"""t occurs twice. Yours differentiates the exponent and leaves the 1 / t in front of the logarithm constant. The
product rule has a second term, -y / t."""

CHANGES = [("((p * seen).sum(axis=(4, 5)) - y) / t", "(p * seen).sum(axis=(4, 5)) / t")]
