"""The gradient of the lower layers is taken through weights that this sweep has already changed, so it is the
gradient of a network that never made this forward pass. The fault grows with eps. Note that a second name for the
array does not keep the old values: `-=` changes the array itself, under every name."""

CHANGES = [
    (
        "            dy = dx @ self.weights[i]  # equation 7, through the weights of the forward pass\n",
        "",
    ),
    ("self.biases[i] -= eps * dbias", "self.biases[i] -= eps * dbias\n            dy = dx @ self.weights[i]"),
]
