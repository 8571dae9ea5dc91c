"""The sum runs over the whole table, so all probabilities of the batch together sum to 1. Each example has a
distribution of its own: the sum is over the classes alone, once for every row."""

CHANGES = [("sum(axis=1, keepdims=True)", "sum()")]
