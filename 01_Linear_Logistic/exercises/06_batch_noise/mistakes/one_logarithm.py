"""Only the noise was put on a logarithmic axis. That slope is the rate of an exponential decay; a power law is
straight when both axes are logarithmic."""

CHANGES = [("np.log(np.asarray(batch_sizes, dtype=np.float64))", "np.asarray(batch_sizes, dtype=np.float64)")]
