"""A position does not see itself. The first position of a sequence would then see nothing at all."""

CHANGES = [
    ("np.arange(m) <= here", "np.arange(m) < np.maximum(here, 1)"),
]
