"""The folded bias is the shift alone. The normalisation also subtracts the running mean, and that mean is scaled like
everything else."""

CHANGES = [("shift - mean * factor", "shift.copy()")]
