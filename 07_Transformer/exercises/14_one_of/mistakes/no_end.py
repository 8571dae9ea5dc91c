"""A complete answer is not followed by the end. Beam search then has to go on with words that belong to nothing."""

CHANGES = [
    ("            ids = (*answer, eos)\n", "            ids = tuple(answer)\n"),
]
