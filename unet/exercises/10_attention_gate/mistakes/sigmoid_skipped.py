"""The sigmoid was skipped on the way back. Its derivative, alpha times (1 - alpha), is at most a quarter."""

CHANGES = [(" * alpha * (1.0 - alpha)", "")]
