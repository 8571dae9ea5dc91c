"""retain_grad brings a gradient to the converted weight, and it does train. But it is still the result of an
operation: every backward goes on to the single-precision tensor behind it and adds up a gradient there that nobody
resets, and copy.deepcopy refuses it. Make the weight a leaf in place of asking the wrong tensor for its gradient."""

CHANGES = [
    (
        "uniform_(-bound, bound, generator=generator)",
        "uniform_(-bound, bound, generator=generator)\n    weight.requires_grad_()",
    ),
    (
        '    return {"linear.weight": weight.to(dtype).requires_grad_()',
        '    weight = weight.to(dtype)\n    weight.retain_grad()\n    return {"linear.weight": weight',
    ),
]
