"""All words that occur in some answer are allowed at any time. The result is made of the right words and need not be
an answer."""

CHANGES = [
    ("self.following.get(tuple(ids), {self.eos})", "set().union(*self.following.values())"),
]
