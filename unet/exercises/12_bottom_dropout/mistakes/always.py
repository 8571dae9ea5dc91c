"""Maps are dropped in evaluation too: `F.dropout` is in training mode unless it is told otherwise."""

CHANGES = [("F.dropout(x, p, decoder.training)", "F.dropout(x, p)")]
