"""The heads of a group are added and not averaged. The keys grow by the number of heads in a group, and with them
every score."""

CHANGES = [
    ("split.mean(axis=1)", "split.sum(axis=1)"),
]
