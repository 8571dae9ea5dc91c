"""The matrix has alpha on its diagonal, as in a text that sums the squared errors. Here they are averaged: the
data term carries 1 / (n k) and the penalty does not. Multiply the whole equation by n k, and the penalty's term
grows by that factor."""

CHANGES = [("y.size * alpha", "alpha")]
