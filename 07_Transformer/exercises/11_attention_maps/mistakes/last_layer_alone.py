"""Only the last layer's weights are returned. Each layer looks somewhere else."""

CHANGES = [
    (
        '{"encoder": out.encoder_attentions, "decoder": out.decoder_attentions, "cross": out.cross_attentions}',
        (
            "{\n"
            '        "encoder": out.encoder_attentions[-1:],\n'
            '        "decoder": out.decoder_attentions[-1:],\n'
            '        "cross": out.cross_attentions[-1:],\n'
            "    }"
        ),
    ),
]
