"""Generalised-mean pooling as the head of a timm model."""

from torch import Tensor, nn


class GeMPool(nn.Module):
    """Generalised mean of each feature map, (mean of x^p)^(1/p) with a learned p (Radenović et al. 2018, equation 3).

    p = 1 is the average, and p to infinity the maximum. Inputs below `eps` count as `eps`.
    """

    pool_type = "gem"  # timm's `reset_classifier` reads it, and refuses a type that it cannot build

    def __init__(self, p: float = 3.0, eps: float = 1e-6) -> None:
        super().__init__()
        raise NotImplementedError("GeMPool.__init__")

    def feat_mult(self) -> int:
        """How many features come out for each channel."""
        raise NotImplementedError("GeMPool.feat_mult")

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, C)"""
        raise NotImplementedError("GeMPool.forward")


def gem_head(model: nn.Module, num_classes: int, p: float = 3.0) -> nn.Module:
    """A new classifier behind generalised-mean pooling. Changes the model and returns it."""
    raise NotImplementedError("gem_head")
