"""The gradient of the bias is averaged over the images. Every image and every position adds the same bias, so dy is
summed over all of them; where a mean over the batch is wanted, the loss has put its 1 / B into dy already."""

CHANGES = [("dy.sum(axis=(0, 2, 3))", "dy.sum(axis=(2, 3)).mean(axis=0)")]
