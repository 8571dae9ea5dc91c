"""The border was mended, and the labels are still interpolated."""

CHANGES = [("order=0", "order=1")]
