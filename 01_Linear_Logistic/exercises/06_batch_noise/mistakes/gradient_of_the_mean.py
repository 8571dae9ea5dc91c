"""Every example's gradient is divided by n. That is its share of the full gradient. The gradient of its own loss, as
if it were a batch of one, has no such factor; batches then average over their own size."""

CHANGES = [("sigmoid(x @ weight[0] + bias[0]) - targets", "(sigmoid(x @ weight[0] + bias[0]) - targets) / len(x)")]
