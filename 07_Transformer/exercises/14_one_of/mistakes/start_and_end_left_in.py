"""The start token, the end and the padding are left in the answers."""

CHANGES = [
    ("[token for token in row[1:] if token not in (eos, pad)]", "list(row)"),
]
