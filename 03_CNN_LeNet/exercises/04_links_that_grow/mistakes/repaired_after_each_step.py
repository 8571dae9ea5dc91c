"""The training loop sets the missing links back to zero after each step. That hides the fault in this one loop. The
layer itself still uses whatever stands in its weight, and gives those numbers a gradient: another caller, or
another optimizer, brings the links back."""

CHANGES = [
    ('linked = params["weight"] * link_mask(table, x.shape[1]).to(x.dtype)', 'linked = params["weight"]'),
    (
        "        optimizer.step()\n",
        "        optimizer.step()\n"
        "        with torch.no_grad():\n"
        '            params["weight"] *= link_mask(table, x.shape[1])\n',
    ),
]
