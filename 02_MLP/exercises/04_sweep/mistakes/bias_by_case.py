"""The bias has one entry for each unit, and the sum has to run over the cases, the first axis. Summed over the
last axis there is one number for each case."""

CHANGES = [("dx.sum(axis=0)", "dx.sum(axis=1)")]
