"""The questions of the chapters, and the command that asks them."""
