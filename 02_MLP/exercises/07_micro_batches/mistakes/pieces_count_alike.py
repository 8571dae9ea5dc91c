"""Every piece gets the same weight, although the last one is shorter: its examples then count more than the
others. The loss is a mean over examples, so a piece weighs as much as it has examples. (This very fault stood in
widely used training code for years.)"""

CHANGES = [("share = len(x[piece]) / len(x)", "share = 1 / -(-len(x) // size)")]
