"""The query's gradient misses the part through the table. The query is multiplied with the key and with the vector of
the distance."""

CHANGES = [
    ("dq = ds @ k + dby_distance @ table", "dq = ds @ k"),
]
