"""p is a plain tensor: no optimizer sees it, and it stays at its first value for ever. What is to be learned must be an
nn.Parameter of the module."""

CHANGES = [("nn.Parameter(torch.tensor([p]))", "torch.tensor([p])")]
