"""The output layer is missing. It is a linear layer with a weight and a bias too, though no activation follows it."""

CHANGES = [("len(sizes)))", "len(sizes) - 1))")]
