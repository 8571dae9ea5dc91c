"""The Jacobian of every row is built and multiplied. The numbers are right, and for a row of m scores it takes m x m of them.
In diag(p) - p p^T times a vector, both products can be written without a matrix."""

CHANGES = [
    (
        "return dlog_p - np.exp(log_p) * dlog_p.sum(axis=-1, keepdims=True)",
        "identity = np.eye(dlog_p.shape[-1])\n"
        "    return (dlog_p[..., None, :] @ (identity - np.exp(log_p)[..., None, :]))[..., 0, :]",
    ),
]
