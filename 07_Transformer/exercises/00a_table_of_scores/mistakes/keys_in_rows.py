"""The table is turned: keys in the rows and queries in the columns. The softmax along the last axis would then run
over the queries."""

CHANGES = [("q @ np.swapaxes(k, 1, 2)", "k @ np.swapaxes(q, 1, 2)")]
