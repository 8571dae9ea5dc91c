"""This is the standard deviation of the pixel values: how much they differ, wherever they lie. Asked is where they
lie: the values are the probabilities, and the row number is what varies."""

CHANGES = [("return float(np.sqrt((p * (rows - mean) ** 2).sum()))", "return float(image.std())")]
