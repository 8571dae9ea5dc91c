"""The jump is multiplied by the layer's own stride before the field grows. The window of a layer covers k units of
the layer below, so it is the jump of the layer below that counts. The layer's own stride moves its neighbours
apart, which only layers above notice."""

CHANGES = [
    (
        "        side += (k - 1) * jump  # k neighbours below lie k - 1 jumps apart\n        jump *= stride\n",
        "        jump *= stride\n        side += (k - 1) * jump\n",
    ),
]
