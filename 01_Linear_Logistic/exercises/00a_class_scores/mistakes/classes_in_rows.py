"""The table is turned around: classes in the rows and examples in the columns. Everywhere in the course an example is
a row."""

CHANGES = [("x @ weight.T + bias", "weight @ x.T + bias[:, None]")]
