"""The weight was used as it is, so the sum runs over the classes where it should run over the features. With as many
features as classes that gives no error, and wrong numbers."""

CHANGES = [("weight.T", "weight")]
