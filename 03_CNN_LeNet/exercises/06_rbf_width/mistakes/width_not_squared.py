"""The distance is divided by the width and not by its square. Distance and width are both lengths; the exponent of
a Gaussian has the square of both, so that their unit cancels."""

CHANGES = [("0.5 * np.exp(-2.0 * log_width) * squared", "0.5 * np.exp(-log_width) * squared")]
