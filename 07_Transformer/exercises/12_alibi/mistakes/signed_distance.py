"""The distance keeps its sign. In the encoder words to the right are then paid for looking at."""

CHANGES = [
    ("torch.arange(m, device=query.device)).abs()", "torch.arange(m, device=query.device))"),
]
