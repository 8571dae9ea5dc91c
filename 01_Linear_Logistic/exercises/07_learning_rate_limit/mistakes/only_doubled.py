"""The search stopped at a power of two, which can be off by a factor of two. Once a rate that converges and one that
does not are known, the limit lies between them: halve the distance until it is within 3 %."""

CHANGES = [("while high > 1.01 * low:", "while high > 2.1 * low:")]
