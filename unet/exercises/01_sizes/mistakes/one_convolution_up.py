"""A step up has two convolutions, each of which takes 2 pixels of the side."""

CHANGES = [("2 * side - 4", "2 * side - 2")]
