"""The gradients of keys and values are averaged over the heads that share them. Each head uses them, each sends a
gradient, and these add up."""

CHANGES = [
    (
        "np.swapaxes(ds, 2, 3) @ rows, np.swapaxes(a, 2, 3) @ dout",
        "np.swapaxes(ds, 2, 3) @ rows * G / q.shape[1], np.swapaxes(a, 2, 3) @ dout * G / q.shape[1]",
    ),
]
