"""Each example's probabilities depend on the other examples of the batch: a column of the table of probabilities sums
to 1 where a row should. Look at which axis each reduction in the file runs over, and at the shape that it leaves.
NumPy broadcasts (n, K) against (K,) without complaint."""

CHANGES = [("sum(axis=1, keepdims=True)", "sum(axis=0)")]
