"""All pairs turn at the same rate. After one full turn a word far away cannot be told from a word at hand."""

CHANGES = [
    ("base ** (-np.arange(0, width, 2) / width)", "base ** (-np.zeros(width // 2) / width)"),
]
