"""The forward pass runs in the mode in which the model happens to be. In training mode the images of a batch share
their statistics, so that each map depends on the other images, and the running statistics move."""

CHANGES = [
    ("        model.eval()", "        model.train(model.training)"),
]
