"""The bottom alone is dropped. The deepest skip belongs to the end of the contracting path too, and would tell the decoder
what was dropped."""

CHANGES = [("features[:-2], *", "features[:-1], *"), ("features[-2:])", "features[-1:])")]
