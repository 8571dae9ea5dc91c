"""Every pixel of a window gets the same share, as for the mean. Here a pixel with a larger value has a larger part
in the result: its share is exp(t x) over the sum of them."""

CHANGES = [("dy * p[..., i, j]", "dy / k**2")]
