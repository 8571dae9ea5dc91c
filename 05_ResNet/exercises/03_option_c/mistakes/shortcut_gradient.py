"""The gradient of the projection stops at its weights: dx has only the branch's part. x goes into two places, so its
gradient is the sum of what comes back from both."""

CHANGES = [("return dbranch + dshortcut  # x is used twice", "return dbranch")]
