"""0 log 0 is nan in NumPy: log 0 is minus infinity, and 0 times that is nothing. The limit of t log t for t to 0 is
0: a count of 0 is predicted perfectly by the rate 0, which gives it the probability 1."""

CHANGES = [("np.where(counts > 0, counts, 1.0)", "counts")]
