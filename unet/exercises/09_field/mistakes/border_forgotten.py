"""Row i of the label map was taken for row i of the image. The map is smaller by the border, half of which is above it."""

CHANGES = [("np.arange(h) + (side - h) // 2", "np.arange(h)")]
