"""Each example's probabilities depend on the other examples of the batch: a column of the table of probabilities sums to
1 where a row should. Follow one table of logits, 7 by 3, through the file and write down the shape after every operation.
NumPy broadcasts without complaint."""

CHANGES = [("sum(axis=1, keepdims=True)", "sum(axis=0)")]
