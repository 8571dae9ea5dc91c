"""The biases of a layer all take the same step, whatever their unit did. Print the shape of what is subtracted
from a bias: NumPy broadcasts a single number to any shape without a word. And there may be more than one fault."""

CHANGES = [
    ("dx.sum(axis=0)", "dx.sum()"),
    (
        "            dy = dx @ self.weights[i]  # equation 7, through the weights of the forward pass\n",
        "",
    ),
    ("self.biases[i] -= eps * dbias", "self.biases[i] -= eps * dbias\n            dy = dx @ self.weights[i]"),
]
