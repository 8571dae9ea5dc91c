"""The shape is right and the content is not: reshape reads word after word, so a head has received some words whole,
and not a slice of every word."""

CHANGES = [("x.reshape(B, n, heads, D // heads).transpose(0, 2, 1, 3)", "x.reshape(B, heads, n, D // heads)")]
