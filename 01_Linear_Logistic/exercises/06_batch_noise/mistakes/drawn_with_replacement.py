"""The batches are drawn with replacement, so an example can come twice. For small batches it makes no difference; for
large ones it does: a batch of n different examples is always the whole, and its gradient has no noise."""

CHANGES = [("replace=False", "replace=True")]
