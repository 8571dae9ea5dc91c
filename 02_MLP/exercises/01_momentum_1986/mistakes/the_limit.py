"""1 / (1 - alpha) is where the steps tend to, after many of them. After few the sum is shorter, and the first step
is a plain one: the factor there is 1."""

CHANGES = [("(1.0 - alpha**steps) / (1.0 - alpha)", "1.0 / (1.0 - alpha)")]
