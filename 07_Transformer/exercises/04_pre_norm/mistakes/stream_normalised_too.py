"""The normalised rows are what the branch's result is added to. The stream is then normalised at every layer after
all, and the straight way from top to bottom is gone."""

CHANGES = [
    (
        "x = x + self.attention.forward(normed, normed, mask)",
        "x = normed + self.attention.forward(normed, normed, mask)",
    ),
]
