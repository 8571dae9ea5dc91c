"""The gradients of the pieces are added as they come. Each is a mean over its own piece already, so their sum is
about as many times too large as there are pieces. Adam would hide it, since it divides by the gradient's size; SGD
does not."""

CHANGES = [
    ("criterion.backward(share)", "criterion.backward()"),
]
