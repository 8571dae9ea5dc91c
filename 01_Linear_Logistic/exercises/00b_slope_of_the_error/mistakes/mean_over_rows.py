"""The sum was divided by the number of rows. The mean is over all elements, and in a table with several columns there
are more of them."""

CHANGES = [("prediction.size", "len(prediction)")]
