"""The tap's offset is multiplied by the stride as well. The stride moves the whole kernel; inside it the taps lie d
pixels apart, however far the kernel jumps."""

CHANGES = [("top, left = dilation * i, dilation * j", "top, left = stride * dilation * i, stride * dilation * j")]
