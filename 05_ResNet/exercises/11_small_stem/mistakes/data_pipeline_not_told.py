"""`pretrained_cfg` still asks for images of 224x224. The model takes any size, so nothing breaks: the data pipeline
enlarges every small image sevenfold, and training is far slower than it need be."""

CHANGES = [("input_size=(old.in_channels, size, size), ", "")]
