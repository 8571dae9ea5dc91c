"""The mean is taken first and the power afterwards, so that power and root cancel: the result is the average for every p."""

CHANGES = [(".pow(self.p).mean(dim=(2, 3)).pow(1 / self.p)", ".mean(dim=(2, 3)).pow(self.p).pow(1 / self.p)")]
