"""The line that goes down to the next layer now stands so early that it uses dE/dy of this layer in place of
dE/dx: the derivative of the logistic function of this layer is skipped on the way down. It must come after
equation 5 and before the update."""

CHANGES = [
    (
        "            dy = dx @ self.weights[i]  # equation 7, through the weights of the forward pass\n",
        "            dy = dy @ self.weights[i]\n",
    ),
]
