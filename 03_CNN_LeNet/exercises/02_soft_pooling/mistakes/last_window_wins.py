"""Where windows overlap, a later one overwrites what an earlier one wrote into dx. A pixel that lies in several
windows gets the sum of what they pass back."""

CHANGES = [("stride * w : stride] += dy", "stride * w : stride] = dy")]
