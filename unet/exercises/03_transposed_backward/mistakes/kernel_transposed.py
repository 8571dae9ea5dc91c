"""Rows and columns of the weight's gradient have changed places."""

CHANGES = [("dweight[:, :, m, n]", "dweight[:, :, n, m]")]
