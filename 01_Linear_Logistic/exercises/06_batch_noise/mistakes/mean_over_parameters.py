"""The squares are averaged over the parameters. A squared distance is the sum over all coordinates: the number should
not get smaller because a model has more parameters."""

CHANGES = [("((each[rows].mean(axis=0) - full) ** 2).sum()", "((each[rows].mean(axis=0) - full) ** 2).mean()")]
