"""This is the root of the mean square, so every factor comes out as its square root. The rules are about
variances: a half, a sixth, one."""

CHANGES = [
    ("found = [(x**2).mean()]", "found = [np.sqrt((x**2).mean())]"),
    ("found.append((x**2).mean())", "found.append(np.sqrt((x**2).mean()))"),
    ("(y**2).mean() / (x**2).mean()", "np.sqrt((y**2).mean() / (x**2).mean())"),
]
