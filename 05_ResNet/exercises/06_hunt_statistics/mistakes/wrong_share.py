"""The running statistics are nearly those of the last batch. Look at how much of the old value is kept at each step,
and what the word momentum means in torch's rule."""

CHANGES = [("n, keep = len(x), 1.0 - self.momentum", "n, keep = len(x), self.momentum")]
