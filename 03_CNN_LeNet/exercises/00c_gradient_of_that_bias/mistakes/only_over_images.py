"""The sum runs over the images alone, and leaves a table for every map. The pixels of a map share the bias too."""

CHANGES = [("axis=(0, 2, 3)", "axis=0")]
