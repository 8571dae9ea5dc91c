"""The method `train` of each layer is replaced by a function of the instance. It holds until the model is copied to
another process or saved as a whole: such a function cannot be pickled. A class of one's own can."""

CHANGES = [
    (
        "        setattr(model.get_submodule(parent), child, new)",
        "        old.eval().requires_grad_(False)\n        old.train = lambda mode=True: old",
    ),
]
