"""Parameters of the same shape share one running mean. Each parameter has a memory of its own, under its name."""

CHANGES = [
    (
        "m, v = self.exp_avg[name], self.exp_avg_sq[name]",
        "m = next(m for m in self.exp_avg.values() if m.shape == p.shape)\n        v = self.exp_avg_sq[name]",
    ),
]
