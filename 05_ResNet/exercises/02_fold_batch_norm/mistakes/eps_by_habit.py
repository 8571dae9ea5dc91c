"""The usual 1e-5 is used whatever `eps` was passed. A layer keeps the eps that it was trained with (many networks use 1e-3),
and with a small variance another one changes every answer."""

CHANGES = [("var + eps", "var + 1e-5")]
