"""Generalised-mean pooling as the head of a timm model."""

import torch
from torch import Tensor, nn


class GeMPool(nn.Module):
    """Generalised mean of each feature map, (mean of x^p)^(1/p) with a learned p (Radenović et al. 2018, equation 3).

    p = 1 is the average, and p to infinity the maximum. Inputs below `eps` count as `eps`.
    """

    pool_type = "gem"  # timm's `reset_classifier` reads it, and refuses a type that it cannot build

    def __init__(self, p: float = 3.0, eps: float = 1e-6) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor([p]))  # one dimension: no weight decay by the usual rule
        self.eps = eps

    def feat_mult(self) -> int:
        """How many features come out for each channel."""
        return 1

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, C)"""
        x = x.clamp(min=self.eps)
        top = x.detach().amax(dim=(2, 3), keepdim=True)  # x / top is at most 1, so that no power overflows; top cancels
        return ((x / top).pow(self.p).mean(dim=(2, 3)).pow(1 / self.p)) * top[:, :, 0, 0]


def gem_head(model: nn.Module, num_classes: int, p: float = 3.0) -> nn.Module:
    """A new classifier behind generalised-mean pooling. Changes the model and returns it."""
    model.reset_classifier(num_classes, "avg")
    weight: Tensor = next(model.parameters())
    model.global_pool = GeMPool(p).to(device=weight.device, dtype=weight.dtype)
    return model
