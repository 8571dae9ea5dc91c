"""The gradient of the shortcut has not passed the last ReLU. Follow dy from the output backwards: which of the two
terms of the sum does it reach before it meets that ReLU?"""

CHANGES = [("dhidden @ w1 + dsum", "dhidden @ w1 + dy")]
