"""The term D log(sigma) is missing. Without it a class makes its outputs small by being wide, whatever the image is. The
density of a wide Gaussian is low everywhere, and this term says so."""

CHANGES = [(" + x.shape[1] * log_width", "")]
