"""The caller's settings come first in the dictionary and are overwritten by the function's own. Whoever asks for
other `layers` gets the usual ones. The defaults stand first."""

CHANGES = [
    (
        '{"block": SeparableBlock, "layers": (2, 2, 2, 2), **kwargs}',
        '{**kwargs, "block": SeparableBlock, "layers": (2, 2, 2, 2)}',
    ),
]
