"""Under the caller's `torch.no_grad()` no graph is recorded, and there is nothing to differentiate. A function that
needs gradients turns them on for itself."""

CHANGES = [
    ("with torch.enable_grad():", "if True:"),
]
