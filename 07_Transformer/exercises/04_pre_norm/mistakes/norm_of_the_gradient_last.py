"""The last normalisation is differentiated at the end. It was the last thing forward, so it is the first thing
backward."""

CHANGES = [
    (
        (
            "        dx = self.norm.backward(dy)\n"
            "        for layer in reversed(self.stack):\n"
            "            dx = layer.backward(dx)\n"
            "        return dx"
        ),
        (
            "        dx = dy\n"
            "        for layer in reversed(self.stack):\n"
            "            dx = layer.backward(dx)\n"
            "        return self.norm.backward(dx)"
        ),
    ),
]
