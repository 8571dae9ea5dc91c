"""The pass is recorded for gradients. The maps then hold on to every activation of the model."""

CHANGES = [
    ("with torch.no_grad():", "with torch.enable_grad():"),
]
