"""The learning rate has been multiplied into the gradient that travels down. Then the layer below multiplies by it
again: its step carries eps squared, the one below that eps cubed. The learning rate belongs into the updates
alone."""

CHANGES = [("dy = dx @ self.weights[i] ", "dy = eps * dx @ self.weights[i] ")]
