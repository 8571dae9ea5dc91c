"""Only a run that overflows was counted as divergent. Just above the limit the loss grows slowly, and a few hundred
steps do not bring it to infinity. A loss above where it began has diverged already."""

CHANGES = [("np.isfinite(run[-1]) and run[-1] < run[0]", "np.isfinite(run[-1])")]
