"""The gradient of a pixel is overwritten by every tap that meets it, so only the last one counts. A pixel takes
part in many products, and the gradients that come from them add up."""

CHANGES = [("dpadded[met] += ", "dpadded[met] = ")]
