"""This is the paper's order: the sum is normalised. Here only the branch is, and the stream goes past it untouched."""

CHANGES = [
    (
        (
            "        normed = self.norm1.forward(x)\n"
            "        x = x + self.attention.forward(normed, normed, mask)\n"
            "        return x + self.feed_forward.forward(self.norm2.forward(x))"
        ),
        (
            "        x = self.norm1.forward(x + self.attention.forward(x, x, mask))\n"
            "        return self.norm2.forward(x + self.feed_forward.forward(x))"
        ),
    ),
]
