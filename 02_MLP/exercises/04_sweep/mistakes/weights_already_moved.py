"""The last of the three layers is right, and what lies below it is off, by more the larger eps is. What does the
gradient pass through on its way down, and is that still what it was in the forward pass? (If you have kept a
second name for it: `-=` changes an array under all its names.)"""

CHANGES = [
    (
        "            dy = dx @ self.weights[i]  # equation 7, through the weights of the forward pass\n",
        "",
    ),
    ("self.biases[i] -= eps * dbias", "self.biases[i] -= eps * dbias\n            dy = dx @ self.weights[i]"),
]
