"""The mask of the first table is kept for later calls. Two layers of the same width may have different tables, so
the mask belongs to the table that is given."""

CHANGES = [
    ("def table_conv2d(", "_masks: dict[int, Tensor] = {}\n\n\ndef table_conv2d("),
    (
        "link_mask(table, x.shape[1]).to(x.dtype)",
        "_masks.setdefault(x.shape[1], link_mask(table, x.shape[1])).to(x.dtype)",
    ),
]
