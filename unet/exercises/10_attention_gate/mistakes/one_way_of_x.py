"""Only the product hands x a gradient. x also goes into the gate, and has a say in alpha."""

CHANGES = [(' + np.einsum("ec,behw->bchw", p["wx"], dz)', "")]
