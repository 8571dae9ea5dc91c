"""The counter is the same at every step, so the correction never fades: m and v are divided by 1 - beta for ever.
t has to grow by one from step to step, and be the same for all parameters within a step."""

CHANGES = [("self.t += 1  # once", "self.t = 1  # once")]
