"""The weight is drawn with its two sizes exchanged and transposed afterwards. Its shape fits, its scale does not:
He's rule then takes the variance from the number of outputs. A weight is (out, in), and the rule is handed that
shape."""

CHANGES = [("init((fan_out, fan_in), rng=rng).T, 0.0)", "init((fan_in, fan_out), rng=rng), 0.0)")]
