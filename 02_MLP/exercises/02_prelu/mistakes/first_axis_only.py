"""Only the first axis is summed. That works for a batch (B, features), but the input may have more leading axes,
and each of them is an axis of uses of the same slope: sum over all but the last."""

CHANGES = [
    (
        'self.grads["weight"] += (dy * negative).reshape(-1, dy.shape[-1]).sum(axis=0)',
        'self._own["grads"]["weight"] = self._own["grads"]["weight"] + (dy * negative).sum(axis=0)',
    ),
]
