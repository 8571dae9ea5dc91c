"""The size is that of a kernel without holes. A dilated kernel reaches further, so it has fewer positions, and at
the last ones of yours its far taps lie outside the image."""

CHANGES = [("dilation * (k - 1) + 1  # k taps have k - 1 gaps", "k")]
