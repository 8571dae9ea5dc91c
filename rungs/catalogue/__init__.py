"""The exercises as they lie in the chapters."""
