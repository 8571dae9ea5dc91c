"""A freshly made layer is float32 on the CPU, whatever the model is. It must be moved to the dtype and device of the
layer that it replaces."""

CHANGES = [("    new = new.to(device=old.weight.device, dtype=old.weight.dtype)\n", "")]
