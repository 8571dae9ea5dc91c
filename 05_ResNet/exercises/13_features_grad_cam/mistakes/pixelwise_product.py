"""Gradient and features are multiplied place by place. Equation 1 averages the gradient of each channel over all
places first: one weight for each channel."""

CHANGES = [
    ("gradient.mean(dim=(2, 3), keepdim=True)", "gradient / 1.0"),
]
