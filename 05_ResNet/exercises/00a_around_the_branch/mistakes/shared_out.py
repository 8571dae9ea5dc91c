"""The gradient was divided between the two ways. A sum hands the whole gradient on to each of its terms."""

CHANGES = [("dy + branch_backward(dy)", "0.5 * (dy + branch_backward(dy))")]
