"""The factor 2 of the chapter's RBF is still there. Equation 7 has no 1/2 in front, and its derivative a 2; here
the two cancel."""

CHANGES = [("pull = scaled[:, :, None] * difference", "pull = 2.0 * scaled[:, :, None] * difference")]
