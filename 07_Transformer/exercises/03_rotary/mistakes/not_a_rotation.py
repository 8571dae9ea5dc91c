"""The sign of the second sine is wrong. The matrix is a mirror image then and not a rotation: two of them in a row do
not add their angles."""

CHANGES = [
    ("first * np.sin(angle) + second * np.cos(angle)", "first * np.sin(angle) - second * np.cos(angle)"),
]
