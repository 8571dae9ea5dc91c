"""The products are divided by d_k, not by its root. The scores then shrink as d_k grows, and all weights become equal."""

CHANGES = [
    ("d_k**-0.5 if scaled", "1.0 / d_k if scaled"),
]
