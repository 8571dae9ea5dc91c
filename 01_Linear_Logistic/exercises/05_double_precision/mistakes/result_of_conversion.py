"""backward ran, and the gradient of the weight went somewhere else. Compare `is_leaf` and `grad_fn` of the weight in
the two precisions, and ask what `.to` does when the tensor already has the type, and what it does when it has not."""

CHANGES = [
    (
        "uniform_(-bound, bound, generator=generator)",
        "uniform_(-bound, bound, generator=generator)\n    weight.requires_grad_()",
    ),
    ("weight.to(dtype).requires_grad_()", "weight.to(dtype)"),
]
