"""This is the square of the norm: the root is missing, and the exponent comes out twice as large."""

CHANGES = [
    (
        "np.sqrt(np.maximum(squares - 2 * cubes + squares**2, 0.0))  # rounding may leave -1e-17",
        "np.maximum(squares - 2 * cubes + squares**2, 0.0)",
    ),
]
