"""The kernel is taken to reach over d k pixels. It has k taps and so k - 1 gaps of d pixels, and the last tap has
no hole behind it: with d = 2 and k = 3 it reaches over 5 pixels, not 6. Positions at the far end are lost."""

CHANGES = [("dilation * (k - 1) + 1  # k taps have k - 1 gaps", "dilation * k")]
