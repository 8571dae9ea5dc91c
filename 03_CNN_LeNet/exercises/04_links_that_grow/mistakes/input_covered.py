"""The input maps are covered, but for all output maps at once: a map is covered when any of them has no link to it.
What an input map is allowed to reach differs from one output map to the next, so the mask needs both indices, as
the weight has."""

CHANGES = [
    (
        'linked = params["weight"] * link_mask(table, x.shape[1]).to(x.dtype)',
        'linked, x = params["weight"], x * link_mask(table, x.shape[1]).to(x.dtype).amin(dim=0)',
    ),
]
