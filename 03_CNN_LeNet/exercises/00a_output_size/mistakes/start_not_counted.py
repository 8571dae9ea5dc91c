"""The steps were counted, and not the places. Before its first step the kernel has already been somewhere: one more
than steps."""

CHANGES = [(" + 1", "")]
