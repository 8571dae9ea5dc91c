"""Five heads are divided among two groups by rounding down, and a head gets lost. A message at the start saves a
search later."""

CHANGES = [
    (
        (
            "    if groups < 1 or heads % groups:\n"
            '        raise ValueError(f"{heads} heads cannot be divided among {groups} groups")'
        ),
        "    return",
    ),
]
