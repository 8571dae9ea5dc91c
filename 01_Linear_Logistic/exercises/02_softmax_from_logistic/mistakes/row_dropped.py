"""The row of class 0 was dropped, which sets its logit to zero and leaves the others where they were. A softmax keeps
its probabilities only when the same amount is taken from all its logits."""

CHANGES = [("weight[1:] - weight[0], bias[1:] - bias[0]", "weight[1:], bias[1:]")]
