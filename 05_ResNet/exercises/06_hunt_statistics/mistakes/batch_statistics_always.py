"""Evaluation now uses the statistics of the batch as well. That hides the fault and is another one: an answer then
depends on what else is in the batch."""

CHANGES = [("        else:\n            mean, var = self.running_mean, self.running_var\n", "        else:\n            mean, var = x.mean(axis=0), x.var(axis=0)\n")]  # fmt: skip  # noqa: E501
