"""The proofs: `prove` runs them over a ladder, `compare` says what equal means, `planting` breaks what it should."""
