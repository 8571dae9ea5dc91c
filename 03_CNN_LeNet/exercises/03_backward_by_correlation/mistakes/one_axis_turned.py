"""The kernel is mirrored along one axis. The rows go backward for the same reason as the columns do: both indices
of the pixel are a sum, p + i and q + j. Mirroring both is a turn by 180 degrees."""

CHANGES = [("[:, :, ::-1, ::-1]", "[:, :, :, ::-1]")]
