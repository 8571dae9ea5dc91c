"""The field grows by k jumps in each layer. Windows of neighbouring units overlap: each further unit adds one jump,
and a window of k units has k - 1 of them."""

CHANGES = [
    ("side += (k - 1) * jump", "side += k * jump"),
    ("side, _ = receptive_field([(k, 1)] * depth)", "side = depth * (k - 1) + 1"),
]
