"""dx has the right shape but is cut from the corner of the padded image. The padding lies at both ends, so the
image begins after the first rows and columns of zeros, not at them."""

CHANGES = [("dpadded[:, :, p : p + H, p : p + W]", "dpadded[:, :, :H, :W]")]
