"""Only the first head of each group sends its gradient to the keys and values. All heads of the group have used them."""

CHANGES = [
    (
        "    return (ds @ k).reshape(q.shape), np.swapaxes(ds, 2, 3) @ rows, np.swapaxes(a, 2, 3) @ dout",
        (
            "    first = slice(0, q.shape[2])\n"
            "    dk = np.swapaxes(ds[:, :, first], 2, 3) @ rows[:, :, first]\n"
            "    dv = np.swapaxes(a[:, :, first], 2, 3) @ dout[:, :, first]\n"
            "    return (ds @ k).reshape(q.shape), dk, dv"
        ),
    ),
]
