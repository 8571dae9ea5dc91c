"""Feature c is paired with feature c + d/2. Both layouts are in use and each is a proper rotation, but weights trained
with one do not work with the other."""

CHANGES = [
    ("first, second = x[..., 0::2], x[..., 1::2]", "first, second = x[..., : width // 2], x[..., width // 2 :]"),
    ("y[..., 0::2] = ", "y[..., : width // 2] = "),
    ("y[..., 1::2] = ", "y[..., width // 2 :] = "),
]
