"""Only the last word of the beginning goes through the decoder. What stands before it never reaches the cache."""

CHANGES = [
    ("    tokens, fresh = begin, begin\n", "    tokens, fresh = begin, begin[:, -1:]\n"),
]
