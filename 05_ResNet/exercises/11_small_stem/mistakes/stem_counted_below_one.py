"""Every reduction is divided by four, the stem's too. It was 2 there, since the pooling comes after it: the result is 0 or a
half, and nothing can be reduced by less than 1."""

CHANGES = [('max(1, info["reduction"] // saved)', 'info["reduction"] // saved')]
