"""The learning rate multiplies the whole memory when the weight moves, as in the chapter's `SGD`. Equation 9 puts
it into the memory at the time of each gradient: a change that was made at the old rate is carried on at its full
size after the rate has changed."""

CHANGES = [("change -= self.lr * g ", "change -= g "), ("p += change", "p += self.lr * change")]
