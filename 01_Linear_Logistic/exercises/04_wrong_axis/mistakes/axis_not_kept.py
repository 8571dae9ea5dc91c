"""The axis is right now, but the sum has lost it: its shape is (n,), and NumPy aligns shapes from the right, so it
meets the classes. With n different from K that is an error; with n equal to K it would be wrong in silence, which is
worse."""

CHANGES = [("sum(axis=1, keepdims=True)", "sum(axis=1)")]
