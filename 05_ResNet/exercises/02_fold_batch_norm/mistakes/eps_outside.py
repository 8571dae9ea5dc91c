"""eps is added to the standard deviation. It belongs to the variance, under the root: for a channel that hardly
varies the two differ by much."""

CHANGES = [("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")]
