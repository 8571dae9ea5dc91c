"""The share was taken of the loss itself. Noise in the targets leaves a loss that no weights can remove; what
training works off is the excess over that minimum, which `least_squares` tells you."""

CHANGES = [("- lowest <= share * first:", "<= lowest + share * (first + lowest):")]
