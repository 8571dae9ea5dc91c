"""The ReLU was skipped on the way back. Where z is below zero, q does not depend on it."""

CHANGES = [(" * (z > 0)", "")]
