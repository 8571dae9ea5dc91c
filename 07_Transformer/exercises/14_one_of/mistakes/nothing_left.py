"""Where nothing fits, nothing is allowed. A row of minus infinity cannot be searched; a finished row is asked like any
other."""

CHANGES = [
    ("{self.eos})  # a finished row: anything finite will do", "set())"),
]
