"""The distance is taken from key to query. The table is then read from its other end: what follows looks like what
came before."""

CHANGES = [
    ("np.clip(np.arange(m) - here, -reach, reach)", "np.clip(here - np.arange(m), -reach, reach)"),
]
