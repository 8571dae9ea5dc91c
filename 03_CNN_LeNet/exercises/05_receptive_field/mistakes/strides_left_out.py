"""The field grows by k - 1 in every layer, as if all strides were 1. Behind a subsampling, neighbouring units lie
several pixels of the image apart, and a window over k of them reaches that much further."""

CHANGES = [("side += (k - 1) * jump", "side += k - 1")]
