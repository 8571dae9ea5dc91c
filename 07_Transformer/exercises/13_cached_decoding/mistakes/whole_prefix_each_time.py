"""The whole answer so far goes through the decoder in each step, while its keys and values are in the cache already.
They are then there twice, and at wrong positions."""

CHANGES = [
    ("            decoder_input_ids=fresh,", "            decoder_input_ids=tokens,"),
]
