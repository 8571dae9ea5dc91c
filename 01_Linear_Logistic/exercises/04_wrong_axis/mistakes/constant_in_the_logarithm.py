"""A small constant was added inside the logarithm of the loss. It hides log(0) and bounds the loss, so the worst mistakes
cost no more than bad ones. Work with log-probabilities, and there is no log(0) to hide."""

CHANGES = [
    (
        "float(-self.log_probs[np.arange(len(targets)), targets].mean())",
        "float(-np.log(np.exp(self.log_probs)[np.arange(len(targets)), targets] + 1e-12).mean())",
    ),
]
