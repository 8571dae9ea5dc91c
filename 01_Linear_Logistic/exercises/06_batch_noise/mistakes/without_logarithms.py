"""The line was fitted to the noise itself. An exponent is the slope where both axes are logarithmic: log(c B^a) is
log c + a log B."""

CHANGES = [
    ("np.log(np.asarray(batch_sizes, dtype=np.float64))", "np.asarray(batch_sizes, dtype=np.float64)"),
    ("np.log(noises)", "np.asarray(noises)"),
]
