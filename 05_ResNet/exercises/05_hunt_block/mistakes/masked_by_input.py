"""The shortcut's gradient is masked by the sign of x. The ReLU that it passed stands behind the sum, and was open or
shut by the sum."""

CHANGES = [("dhidden @ w1 + dsum", "dhidden @ w1 + dy * (x > 0)")]
