"""The channels are reversed as well as the rows and columns. Channels are not places: they change their roles, out
for in, which the transpose does, and stay in their order."""

CHANGES = [("[:, :, ::-1, ::-1]", "[:, ::-1, ::-1, ::-1]")]
