"""Only the shortcut was followed back. The branch depends on the input too, so its gradient is added."""

CHANGES = [("dy + branch_backward(dy)", "dy.copy()")]
