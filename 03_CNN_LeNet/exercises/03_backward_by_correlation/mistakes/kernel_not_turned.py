"""The forward pass is right, the gradient of the input is not; only a layer below needs it, and a kernel that is
its own mirror image hides the fault. Follow one number of dy back to the pixels it came from: through which weight
does the pixel furthest to the right pass?"""

CHANGES = [("turned = self.weight[:, :, ::-1, ::-1]", "turned = self.weight")]
