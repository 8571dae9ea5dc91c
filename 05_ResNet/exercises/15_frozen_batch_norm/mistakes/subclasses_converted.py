"""A subclass of nn.BatchNorm2d is replaced as well. timm's BatchNormAct2d is one, and it applies the activation
too: the network would lose its nonlinearities without a word."""

CHANGES = [
    ("if type(old) not in (nn.BatchNorm2d, FrozenBatchNorm2d):", "if not isinstance(old, nn.BatchNorm2d):"),
]
