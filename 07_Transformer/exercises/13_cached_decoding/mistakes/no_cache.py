"""The answers are right, and everything is computed again in every step: the whole beginning goes through the decoder
each time."""

CHANGES = [
    (
        ("            decoder_input_ids=fresh,\n            past_key_values=cache,\n            use_cache=True,"),
        "            decoder_input_ids=tokens,\n            use_cache=False,",
    ),
]
