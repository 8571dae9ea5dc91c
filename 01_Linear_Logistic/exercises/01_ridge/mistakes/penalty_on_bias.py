"""The bias is penalised too. The penalty sums over the weights alone: a bias only moves every prediction by the
same amount, and shrinking it would make the fit depend on where the targets have their origin."""

CHANGES = [
    ("alpha * (weight**2).sum()", "alpha * ((weight**2).sum() + (bias**2).sum())"),
    ("dresidual.sum(axis=0)", "dresidual.sum(axis=0) + 2 * alpha * bias"),
]
