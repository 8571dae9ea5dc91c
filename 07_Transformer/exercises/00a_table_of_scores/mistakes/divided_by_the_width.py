"""The scores were divided by the width and not by its root. The standard deviation of a sum of d terms grows with the
root of d."""

CHANGES = [("np.sqrt(q.shape[-1])", "q.shape[-1]")]
