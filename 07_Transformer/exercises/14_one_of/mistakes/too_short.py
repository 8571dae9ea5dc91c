"""The limit on the number of words leaves no room for the end of the longest answer."""

CHANGES = [
    ("max_new_tokens=1 + max(map(len, answers))", "max_new_tokens=max(map(len, answers)) - 1"),
]
