"""The length was taken as last - first. From row 3 to row 5 there are three rows."""

CHANGES = [("(last - first).max()) + 1", "(last - first).max())")]
