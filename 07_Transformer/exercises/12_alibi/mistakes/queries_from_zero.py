"""The queries are numbered from zero. With a cache they stand at the end, and every distance is wrong."""

CHANGES = [
    ("torch.arange(m - n, m, device=query.device)", "torch.arange(n, device=query.device)"),
]
