"""The gradients of the codes and widths are averaged over the batch. They are sums over all examples that met the
code; the loss has put its 1 / B into dy already, if it has one."""

CHANGES = [
    ("dcentres = -pull.sum(axis=0)", "dcentres = -pull.mean(axis=0)"),
    ("(dy * x.shape[1] - scaled * squared).sum(axis=0)", "(dy * x.shape[1] - scaled * squared).mean(axis=0)"),
]
