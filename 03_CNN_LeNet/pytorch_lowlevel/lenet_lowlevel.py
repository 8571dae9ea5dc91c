"""LeNet-5 on tensors: functions of a dict of leaf tensors.

LeCun, Bottou, Bengio, Haffner 1998, sections II-B, II-C and Appendix A. The names in the dict are those of the other
levels. "output.codes" is fixed: it is the one entry that is not trained.
"""

from __future__ import annotations

import torch
from conv_lowlevel import check_images, conv2d
from linear_lowlevel import linear
from mlp_lowlevel import scaled_tanh
from torch import Tensor

Params = dict[str, Tensor]

# --8<-- [start:table]
C3_TABLE = (  # Table I: which of the 6 maps of S2 each of the 16 maps of C3 sees
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
# --8<-- [end:table]

CODES_AS_DRAWN = """
0111110 0000000 0011100 0110110 0100011 0100011 0100011 0100011 0110110 0011100 0000000 0000000
0001100 0011100 0111100 0001100 0001100 0001100 0001100 0001100 0001100 0111110 0000000 0000000
0111110 0000000 0111110 1100011 1000011 0000110 0011100 0110000 1100000 1111111 0000000 0000000
1111110 0000010 0000110 0001100 0011110 0000010 0000010 0000010 1100010 0111110 0000000 0000000
0111110 0000000 0000000 0110011 0110011 1110011 1100011 1100011 1100111 0111111 0000011 0000000
0111110 0000000 0111111 0100000 0100000 0111100 0011110 0000011 0100011 0111110 0000000 0000000
0011110 0110000 1100000 1100000 1111110 1110010 1100010 1100010 1110010 0111110 0000000 0000000
0111111 0000011 0000011 0000110 0001100 0001100 0011000 0011000 0011000 0011000 0000000 0000000
0111110 1100010 1100010 1100010 0111110 1100010 1100010 1100010 1100010 0111110 0000000 0000000
0111110 0100111 0100011 0100011 0100111 0111111 0000011 0000011 0000110 0111100 0000000 0000000
"""  # Figure 3: the digits 0 to 9, each 12 rows of 7 pixels, ink is 1


def digit_codes() -> Tensor:
    """The target of every class: its picture in 7 x 12 pixels, +1 for ink and -1 for paper. Returns: (10, 84)"""
    pixels = [int(pixel) for pixel in "".join(CODES_AS_DRAWN.split())]
    return (torch.tensor(pixels, dtype=torch.get_default_dtype()) * 2 - 1).view(10, 84)


# --8<-- [start:init]
def init_lenet5(*, generator: torch.Generator, table: tuple[tuple[int, ...], ...] = C3_TABLE) -> Params:
    """Every weight from U(+-2.4 / fan_in) (Appendix A), biases zero, the codes of Figure 3."""

    def draw(*shape: int, fan_in: float | Tensor) -> Tensor:
        return (torch.rand(shape, generator=generator) * 2 - 1) * 2.4 / fan_in

    links = [len(maps) for maps in table for _ in maps]  # for each link, how many links its output map has
    fan_in = 25.0 * torch.tensor(links).view(-1, 1, 1)
    params = {
        "c1.weight": draw(6, 1, 5, 5, fan_in=25),
        "c1.bias": torch.zeros(6),
        "s2.coefficient": draw(6, fan_in=5),  # a unit of S2 has four inputs and a bias
        "s2.bias": torch.zeros(6),
        "c3.weight": draw(len(links), 5, 5, fan_in=fan_in),
        "c3.bias": torch.zeros(len(table)),
        "s4.coefficient": draw(16, fan_in=5),
        "s4.bias": torch.zeros(16),
        "c5.weight": draw(120, 16, 5, 5, fan_in=400),
        "c5.bias": torch.zeros(120),
        "f6.weight": draw(84, 120, fan_in=120),
        "f6.bias": torch.zeros(84),
    }
    return {name: p.requires_grad_() for name, p in params.items()} | {"output.codes": digit_codes()}


# --8<-- [end:init]


# --8<-- [start:subsampling]
def subsample(x: Tensor, coefficient: Tensor, bias: Tensor) -> Tensor:
    """coefficient * (sum of each 2 x 2 window) + bias, one of each for a map. x: (B, C, H, W). Returns: (B, C, H/2, W/2)"""
    check_images("subsample", x, len(coefficient), 2)
    if x.shape[2] % 2 or x.shape[3] % 2:
        raise ValueError(f"subsample expected an even height and width, got {tuple(x.shape)}")
    upper, lower = x.unflatten(2, (-1, 2)).unbind(3)  # rows 0, 2, ... and rows 1, 3, ...: (B, C, H/2, W)
    left, right = (upper + lower).unflatten(3, (-1, 2)).unbind(4)  # (B, C, H/2, W/2)
    return coefficient[:, None, None] * (left + right) + bias[:, None, None]


# --8<-- [end:subsampling]


# --8<-- [start:table_convolution]
def table_conv2d(x: Tensor, weight: Tensor, bias: Tensor, table: tuple[tuple[int, ...], ...]) -> Tensor:
    """A convolution whose output maps see only the input maps of the table.

    x: (B, C, H, W), weight: (links, k, k), bias: (O,). Returns: (B, O, h, w)
    """
    outs = torch.tensor([o for o, maps in enumerate(table) for _ in maps])
    ins = torch.tensor([c for maps in table for c in maps])
    # eq: connection-table
    full = weight.new_zeros(len(table), x.shape[1], *weight.shape[1:])  # (O, C, k, k)
    return conv2d(x, full.index_put((outs, ins), weight), bias)


# --8<-- [end:table_convolution]


# --8<-- [start:rbf]
def rbf(x: Tensor, codes: Tensor) -> Tensor:
    """|x[b] - code[i]|^2 (equation 7). x: (B, D), codes: (K, D). Returns: (B, K)"""
    return ((x[:, None, :] - codes) ** 2).sum(dim=2)


# --8<-- [end:rbf]


# --8<-- [start:mse_loss]
def rbf_loss(y: Tensor, targets: Tensor) -> Tensor:
    """Mean of y[target] (equation 8). y: distances (B, K), targets: (B,)"""
    return y[torch.arange(len(y)), targets].mean()


# --8<-- [end:mse_loss]


# --8<-- [start:loss]
def map_loss(y: Tensor, targets: Tensor, j: float = 0.1) -> Tensor:
    """Mean of y[target] + log(e^-j + sum over i of e^-y[i]), j > 0 (equation 9). y: distances (B, K), targets: (B,)"""
    least = y.detach().amin(dim=1).clamp(max=j)  # the largest exponent, taken out so that nothing overflows
    # eq: equation-9-stable
    total = torch.exp(least - j) + torch.exp(least[:, None] - y).sum(dim=1)
    # eq: equation-9-stable
    return rbf_loss(y, targets) + (torch.log(total) - least).mean()


# --8<-- [end:loss]


# --8<-- [start:model]
def lenet5(
    params: Params, x: Tensor, table: tuple[tuple[int, ...], ...] = C3_TABLE
) -> tuple[Tensor, dict[str, Tensor]]:
    """x: (B, 1, 32, 32). Returns: the distance to every class's code (B, 10), activations"""
    p, record = params, {}
    x = record["c1"] = conv2d(x, p["c1.weight"], p["c1.bias"])
    x = record["t1"] = scaled_tanh(x)  # (B, 6, 28, 28)
    x = record["s2"] = subsample(x, p["s2.coefficient"], p["s2.bias"])
    x = record["t2"] = scaled_tanh(x)  # (B, 6, 14, 14)
    x = record["c3"] = table_conv2d(x, p["c3.weight"], p["c3.bias"], table)
    x = record["t3"] = scaled_tanh(x)  # (B, 16, 10, 10)
    x = record["s4"] = subsample(x, p["s4.coefficient"], p["s4.bias"])
    x = record["t4"] = scaled_tanh(x)  # (B, 16, 5, 5)
    x = record["c5"] = conv2d(x, p["c5.weight"], p["c5.bias"])
    x = record["t5"] = scaled_tanh(x)  # (B, 120, 1, 1)
    x = record["f6"] = linear(x[:, :, 0, 0], p["f6.weight"], p["f6.bias"])
    x = record["t6"] = scaled_tanh(x)  # (B, 84)
    x = record["output"] = rbf(x, p["output.codes"])  # (B, 10)
    return x, record


# --8<-- [end:model]


# --8<-- [start:training_step]
def training_step(params: Params, optimizer, images: Tensor, labels: Tensor, j: float = 0.1) -> float:
    """Forward, backward, update. Returns: the loss before the update."""
    loss = map_loss(lenet5(params, images)[0], labels, j)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


# --8<-- [end:training_step]
