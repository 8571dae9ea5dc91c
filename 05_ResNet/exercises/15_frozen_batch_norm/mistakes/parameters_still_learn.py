"""The statistics are frozen, and scale and shift still get gradients. Frozen batch normalisation is one fixed
affine map for each channel; all four of its tensors stay."""

CHANGES = [
    ("new.requires_grad_(False).train(old.training)", "new.train(old.training)"),
]
