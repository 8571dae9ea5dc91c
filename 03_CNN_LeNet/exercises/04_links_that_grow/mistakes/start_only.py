"""The zeros of the missing links are put there once, at the start. They still take part in the convolution, so they
get a gradient, and the first step of any optimizer moves them. What would have to stand in the forward pass so that
this gradient is zero?"""

CHANGES = [
    ('linked = params["weight"] * link_mask(table, x.shape[1]).to(x.dtype)', 'linked = params["weight"]'),
]
