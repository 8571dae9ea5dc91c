"""Every row is treated like the first. Each row is another beam with another beginning."""

CHANGES = [
    ("input_ids[:, self.begin :].tolist()", "input_ids[:1, self.begin :].expand(len(scores), -1).tolist()"),
]
