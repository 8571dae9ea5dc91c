"""The new change is a new array, and the state points to it. Whoever holds the old array, as a checkpoint does that is loaded
or saved by reference, is left behind. Write into the array that is there."""

CHANGES = [
    (
        "change *= self.alpha\n        change -= self.lr * g",
        'change = self.state["change"][name] = self.alpha * change - self.lr * g',
    ),
]
