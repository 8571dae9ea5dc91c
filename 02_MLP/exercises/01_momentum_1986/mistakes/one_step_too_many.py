"""The sum has one term too many. At the first step there is only one gradient and nothing to carry on, so the
factor is 1 there: the powers of alpha run from 0 to `steps` - 1."""

CHANGES = [("1.0 - alpha**steps)", "1.0 - alpha ** (steps + 1))")]
