"""The passes are recorded for gradients, and the memory grows with every word."""

CHANGES = [
    ("@torch.no_grad()\n", "@torch.enable_grad()\n"),
]
