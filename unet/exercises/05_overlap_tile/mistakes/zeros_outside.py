"""Zeros beyond the image are what unpadded convolutions avoid."""

CHANGES = [('mode="reflect"', 'mode="constant"')]
