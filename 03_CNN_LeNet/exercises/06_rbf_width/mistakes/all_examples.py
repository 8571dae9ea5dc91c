"""All examples count for every width. The loss has only y[target] in it: the width of a class is fitted to the
examples of that class."""

CHANGES = [("squared[targets == i].mean()", "((x - centres[i]) ** 2).mean()")]
