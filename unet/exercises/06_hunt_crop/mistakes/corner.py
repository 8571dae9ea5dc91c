"""A crop from the corner fits in shape, and matches every feature with a pixel that lies a border away."""

CHANGES = [("top, left = (H - h) // 2, (W - w) // 2\n    return", "top, left = 0, 0\n    return")]
