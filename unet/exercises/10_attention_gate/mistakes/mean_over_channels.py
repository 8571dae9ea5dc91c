"""The gradient of alpha was averaged over the channels. Alpha weighs each of them, so what they say is added."""

CHANGES = [("(dy * x).sum(axis=1)", "(dy * x).mean(axis=1)")]
