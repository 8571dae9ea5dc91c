"""The hook asks the encoder for its mode. A frozen encoder keeps the mode that it was frozen in, so that maps are dropped in
evaluation."""

CHANGES = [
    ("    decoder: Any = model.decoder\n", "    decoder: Any = model.decoder\n    encoder: Any = model.encoder\n"),
    ("p, decoder.training", "p, encoder.training"),
]
