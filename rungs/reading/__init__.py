"""The command `read`: a model in the production library's code."""
