"""1 / h is the rate that lands in the minimum of the steepest direction in one step. Twice that rate lands as far on
the other side, and only beyond it does the error grow: the limit is 2 / h."""

CHANGES = [("float(2.0 / np.linalg.eigvalsh(hessian)[-1])", "float(1.0 / np.linalg.eigvalsh(hessian)[-1])")]
