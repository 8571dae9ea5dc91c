"""It is the output that is scaled, by the share of links a map has. The sum over the input maps has been taken by
then, and the missing ones cannot be told apart from the others any more. The mask belongs on what goes into the
sum, link by link."""

CHANGES = [
    (
        'linked = params["weight"] * link_mask(table, x.shape[1]).to(x.dtype)',
        'linked = params["weight"] * link_mask(table, x.shape[1]).to(x.dtype).mean(dim=1, keepdim=True)',
    ),
]
