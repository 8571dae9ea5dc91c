"""It is dy that is turned, in place of the kernel. That gives the right numbers at the wrong places: the whole
gradient of the input comes out turned by 180 degrees."""

CHANGES = [
    ("turned = self.weight[:, :, ::-1, ::-1]", "turned = self.weight"),
    ("padded = np.pad(dy, ", "padded = np.pad(dy[:, :, ::-1, ::-1], "),
]
