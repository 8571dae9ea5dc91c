"""This is the mean distance, and not the mean squared distance. Distances fall with the square root of the batch
size; their squares add up over parameters as variances do, which is why the noise is defined by them."""

CHANGES = [
    ("((each[rows].mean(axis=0) - full) ** 2).sum()", "np.sqrt(((each[rows].mean(axis=0) - full) ** 2).sum())"),
]
