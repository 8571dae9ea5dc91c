"""An odd side loses a row in the pooling, and the skip is no longer aligned."""

CHANGES = [("side < 2 or side % 2", "side < 2")]
