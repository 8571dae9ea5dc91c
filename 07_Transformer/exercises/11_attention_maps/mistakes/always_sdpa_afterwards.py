"""The implementation is set to the usual one afterwards, whatever it was before."""

CHANGES = [
    ("        model.set_attn_implementation(implementation)\n", '        model.set_attn_implementation("sdpa")\n'),
]
