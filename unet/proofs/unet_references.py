"""The implementations that the chapter is compared with.

TODO(rungs new): the model as a library has it (torch.nn, torchvision, transformers, timm, ...), with a table of its names.
"""

from __future__ import annotations

import torch
from unet_levels import PaperUnet

from utils.levels.names import NameTable


class PReLU(PaperUnet):
    """torch.nn has no scale alone, but its PReLU multiplies negative inputs by one: x goes in as -|x|, and gets its sign
    back afterwards. Training is that of the paper level."""

    names = NameTable({"weight": "scale.weight"})  # theirs -> ours

    def build(self):
        return torch.nn.PReLU(self.sizes["width"])

    def forward(self, model, batch, training):
        x = batch["x"]
        return {"y": torch.tanh(-x.sign() * model(-x.abs()))}
