"""The 3x3 convolutions mix the channels. A depthwise convolution has as many groups as channels, one kernel of its
own for each: nine numbers for a channel, whatever the width."""

CHANGES = [
    ("groups=inplanes", "groups=1"),
    ("groups=planes", "groups=1"),
]
