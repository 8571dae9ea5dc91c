"""Zeros were put beyond the image. To avoid them is what unpadded convolutions are for; the paper mirrors the image."""

CHANGES = [('mode="reflect"', 'mode="constant"')]
