"""NumPy lined the sentences up with the queries: query i was given the mask of sentence i. With as many sentences as
queries that gives no error."""

CHANGES = [("real[:, None, None, :]", "real")]
