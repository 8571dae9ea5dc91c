"""The difference is the wrong way round. When the prediction is too large, making it larger must increase the error,
so the slope is positive there."""

CHANGES = [("prediction - target", "target - prediction")]
