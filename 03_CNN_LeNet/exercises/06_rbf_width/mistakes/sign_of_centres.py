"""The gradient of the centres has the sign of that of x. The two enter as a difference, x minus centre: what
increases y when x moves away decreases it when the centre follows."""

CHANGES = [("dcentres = -pull", "dcentres = pull")]
