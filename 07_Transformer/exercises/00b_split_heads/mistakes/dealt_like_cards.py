"""The numbers of a word were dealt out like cards: head 0 has the first, the next one goes to head 1. A head has
neighbouring numbers."""

CHANGES = [
    (
        "x.reshape(B, n, heads, D // heads).transpose(0, 2, 1, 3)",
        "x.reshape(B, n, D // heads, heads).transpose(0, 3, 1, 2)",
    )
]
