"""This is the spread of the examples around their own mean. The formula measures from the code, which need not lie
in the middle of its examples; a code that is off has to pay for it with a wider Gaussian."""

CHANGES = [("squared[targets == i].mean()", "x[targets == i].var(axis=0).mean()")]
