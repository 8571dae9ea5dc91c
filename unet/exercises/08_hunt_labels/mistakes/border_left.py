"""Labels are the nearest pixels, but beyond the border they repeat the outermost one where the image is mirrored."""

CHANGES = [('order=0, mode="mirror"', 'order=0, mode="nearest"')]
