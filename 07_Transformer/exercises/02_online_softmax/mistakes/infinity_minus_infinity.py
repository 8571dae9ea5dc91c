"""Where neither part has a visible key, minus infinity is subtracted from minus infinity. That is not a number, and it
stays in the sums from then on."""

CHANGES = [
    ("reference = np.where(np.isneginf(top), 0.0, top)  # -inf - (-inf) is no number", "reference = top"),
]
