"""This is the limit of the flattest direction. All directions share one learning rate, and the first that diverges is
the steepest: the largest eigenvalue decides. (`eigvalsh` returns them in rising order.)"""

CHANGES = [("np.linalg.eigvalsh(hessian)[-1]", "np.linalg.eigvalsh(hessian)[0]")]
