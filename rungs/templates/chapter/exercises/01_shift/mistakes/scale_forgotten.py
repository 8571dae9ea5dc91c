"""The upstream gradient is handed down as it came. The input was multiplied on its way up, so on the way down its gradient
is multiplied by the same number."""

CHANGES = [("return dy * a,", "return dy.copy(),")]
