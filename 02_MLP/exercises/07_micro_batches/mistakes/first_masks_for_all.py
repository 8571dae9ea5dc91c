"""Each piece gets the first rows of the masks. The masks have a row for every example of the batch: cut them where
the examples are cut."""

CHANGES = [("[mask[piece] for mask in masks]", "[mask[: len(x[piece])] for mask in masks]")]
