"""How far two numbers may differ and still count as equal, in float64. Imported without NumPy: the reports name them too."""

RTOL, ATOL = 1e-9, 1e-11  # forward and gradients
TRAIN_RTOL, TRAIN_ATOL = 1e-8, 1e-10  # after optimizer steps
GRADIENT_RTOL = 1e-6  # against central differences
