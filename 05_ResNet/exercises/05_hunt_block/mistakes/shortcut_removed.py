"""The shortcut's gradient is gone altogether. Its mask was the fault, not its being there: x is used twice, and both
uses send a gradient back."""

CHANGES = [("dhidden @ w1 + dsum", "dhidden @ w1")]
