"""The model computes what it should, and `feature_info` still tells of the old strides. Whatever builds on it, such as
a pyramid of detection boxes, would place everything four times too far apart."""

CHANGES = [('info["reduction"] = max(1, info["reduction"] // saved)', "pass")]
