"""variance / B is right for examples drawn independently. Here no example comes twice, and what is drawn depends on
what was drawn before: the more of the data a batch holds, the less is left to chance. Try B = n."""

CHANGES = [("variance / batch_size * (n - batch_size) / (n - 1)", "variance / batch_size")]
