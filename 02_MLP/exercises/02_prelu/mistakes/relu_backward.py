"""The input's gradient is that of the ReLU: nothing comes back where the input was negative. There the unit has
the slope a, so dy times a comes back; a PReLU is never off."""

CHANGES = [("np.where(self.x > 0, 1.0, self.weight)", "(self.x > 0)")]
