"""The pixels were added up. The task has the mean, which keeps the learning rate when the tile grows."""

CHANGES = [(".mean()", ".sum()")]
