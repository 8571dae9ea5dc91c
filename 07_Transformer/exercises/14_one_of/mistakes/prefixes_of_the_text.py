"""The start token is taken for the first word of the answer. Nothing fits then, from the first step on."""

CHANGES = [
    ("input_ids[:, self.begin :]", "input_ids[:, self.begin - 1 :]"),
]
