"""The means have the shape (n,), which NumPy lines up with the columns. With as many rows as columns every row loses
the means of the other rows, and no error says so."""

CHANGES = [("axis=1, keepdims=True", "axis=1")]
