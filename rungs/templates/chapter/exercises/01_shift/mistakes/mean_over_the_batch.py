"""The gradients are averaged over the examples. The loss may hold a mean, but dy has it already: whatever takes part in
every example collects the sum of what they send back."""

CHANGES = [("(dy * x).sum(axis=0), dy.sum(axis=0)", "(dy * x).mean(axis=0), dy.mean(axis=0)")]
