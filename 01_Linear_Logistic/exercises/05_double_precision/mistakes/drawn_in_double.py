"""The weight is drawn in the asked precision, which makes it a leaf, and changes the numbers: the generator uses up
other bits for a double. The two precisions then start from different models, and cannot be compared step by step."""

CHANGES = [("torch.empty(classes, in_features)", "torch.empty(classes, in_features, dtype=dtype)")]
