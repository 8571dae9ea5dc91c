"""The gradients of the input maps are added up before they are squared. Their signs are random, so they cancel each
other in part: that is the gradient of a change that is the same in all maps, and not a sum over what matters in
each."""

CHANGES = [("(dx[0] ** 2).sum(axis=0)", "dx[0].sum(axis=0) ** 2")]
