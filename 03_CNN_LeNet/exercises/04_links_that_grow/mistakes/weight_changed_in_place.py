"""The forward pass writes zeros into the weight itself. Then the output is right, but the zeros still took part in
the convolution like any other number, so the missing links get a gradient, and the optimizer keeps momentum for
them. A forward pass should change no parameter."""

CHANGES = [
    (
        'linked = params["weight"] * link_mask(table, x.shape[1]).to(x.dtype)',
        'params["weight"].data *= link_mask(table, x.shape[1])\n    linked = params["weight"]',
    ),
]
