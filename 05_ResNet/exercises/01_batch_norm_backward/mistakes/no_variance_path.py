"""The path through the mean is there, the one through the variance is not. The gradient then still pushes along the
normalised input, a direction in which moving x changes nothing but a factor that is divided out again."""

CHANGES = [(" - x_hat * dweight / len(dy))", ")")]
