"""The new layer is float32 on the CPU, whatever the model is. It must go to the dtype and device of the layer that
it replaces."""

CHANGES = [
    ("        new = new.to(device=old.running_mean.device, dtype=old.running_mean.dtype)\n", ""),
]
