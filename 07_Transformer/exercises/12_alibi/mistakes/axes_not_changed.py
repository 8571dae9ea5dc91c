"""Heads and positions are not exchanged in the result. The shape that is wanted is (B, n, H, d_k): the caller joins
the heads by a reshape."""

CHANGES = [
    ("return out.transpose(1, 2).contiguous(), None", "return out.contiguous(), None"),
]
