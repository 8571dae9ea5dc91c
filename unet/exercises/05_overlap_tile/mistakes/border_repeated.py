"""The outermost pixels were repeated. Mirrored about them, they occur once."""

CHANGES = [('mode="reflect"', 'mode="symmetric"')]
