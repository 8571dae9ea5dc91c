"""The maximum was subtracted from z and not from the logit of class 0, which stayed at 0. A shift changes nothing
only when all K logits move together, and the reference class has one of them."""

CHANGES = [
    ("logits = np.column_stack([np.zeros(len(z)), z])", "logits = z - z.max(axis=1, keepdims=True)"),
    ("shifted = logits - logits.max(axis=1, keepdims=True)", "shifted = np.column_stack([np.zeros(len(z)), logits])"),
]
