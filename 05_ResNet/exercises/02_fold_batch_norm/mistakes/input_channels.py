"""The factor stands on the axis of the input channels. A normalisation behind the convolution scales what comes out
of it: every kernel of one output channel by one factor. With as many channels in as out, nothing complains."""

CHANGES = [
    (
        "return weight * factor[:, None, None, None], shift - mean * factor",
        "return weight * np.resize(factor, weight.shape[1])[:, None, None], shift - mean * factor",
    )
]
