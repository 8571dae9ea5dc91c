"""Each log-odds goes through a sigmoid of its own. The sigmoid compares class k with class 0 as if there were no
other classes; with more than two, such probabilities do not sum to 1. All K odds share one normaliser."""

CHANGES = [
    (
        "return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
        "return -np.log1p(np.exp(-np.column_stack([-np.logaddexp.reduce(z, axis=1), z])))",
    )
]
