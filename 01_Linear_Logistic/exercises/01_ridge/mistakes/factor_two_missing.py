"""The derivative of alpha w^2 is 2 alpha w. The factor 2 is missing from the penalty's part of the gradient. It
belongs there as long as the loss itself has no 1/2 in front of the penalty."""

CHANGES = [("2 * alpha * weight", "alpha * weight")]
