"""The scaled features were trained with the learning rate of the raw ones. Scaling changes the curvatures and so the
limit; each problem is given half of its own."""

CHANGES = [("lr=predicted_limit(scaled, y) / 2.0", "lr=predicted_limit(x, y) / 2.0")]
