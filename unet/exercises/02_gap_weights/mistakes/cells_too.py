"""Inside a cell d1 is 0, so that the formula would make the rims of cells expensive. The term is for background."""

CHANGES = [("np.where(cells == 0, gap, 0.0)", "gap")]
