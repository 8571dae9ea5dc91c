"""LeNet-5 as modules.

LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998: section II-B (the layers),
section II-C (the losses), Appendix A (squashing function and initialisation).
"""

from __future__ import annotations

import torch
from mlp_paper import ScaledTanh
from torch import Tensor, nn
from torch.nn import functional as F

# --8<-- [start:table]
C3_TABLE = (  # Table I: which of the 6 maps of S2 each of the 16 maps of C3 sees
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
FULL_TABLE = tuple(tuple(range(6)) for _ in range(16))
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
    return (2.0 * torch.tensor(pixels) - 1.0).view(10, 84)


# --8<-- [start:subsampling]
class Subsampling(nn.Module):
    """coefficient * (sum of each 2 x 2 window) + bias, one of each for a map (section II-B, layer S2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, C, H/2, W/2)"""
        sums = F.avg_pool2d(x, 2, divisor_override=1)  # the paper adds the four inputs; no division
        return self.coefficient[:, None, None] * sums + self.bias[:, None, None]


# --8<-- [end:subsampling]


# --8<-- [start:table_convolution]
class TableConv2d(nn.Module):
    """A convolution whose output maps see only the input maps of the table (section II-B, layer C3, Table I).

    weight: one k x k kernel for each link, (links, k, k). bias: (O,).
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], in_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.table, self.in_channels = table, in_channels
        self.outs = torch.tensor([o for o, maps in enumerate(table) for _ in maps])
        self.ins = torch.tensor([c for maps in table for c in maps])
        self.weight = nn.Parameter(torch.empty(len(self.outs), kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.empty(len(table)))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, O, h, w)"""
        full = self.weight.new_zeros(len(self.table), self.in_channels, *self.weight.shape[1:])  # (O, C, k, k)
        # eq: connection-table
        return F.conv2d(x, full.index_put((self.outs, self.ins), self.weight), self.bias)


# --8<-- [end:table_convolution]


# --8<-- [start:rbf]
class RBF(nn.Module):
    """|x[b] - code[i]|^2 (equation 7); the codes are fixed, the smallest output is the answer."""

    codes: Tensor

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, D). Returns: (B, K)"""
        return (x[:, None, :] - self.codes).square().sum(dim=2)


# --8<-- [end:rbf]


# --8<-- [start:mse_loss]
def rbf_loss(y: Tensor, targets: Tensor) -> Tensor:
    """Mean of y[target], the distance to the right code (equation 8). y: (B, K), targets: (B,)"""
    return y.gather(1, targets[:, None]).mean()


# --8<-- [end:mse_loss]


# --8<-- [start:loss]
def map_loss(y: Tensor, targets: Tensor, j: float = 0.1) -> Tensor:
    """Mean of y[target] + log(e^-j + sum over i of e^-y[i]), j > 0 (equation 9). y: (B, K), targets: (B,)

    Every output is pushed up in proportion to e^-y, the right one pulled down; e^-j keeps the push from lasting for ever.
    """
    rubbish = y.new_full((len(y), 1), -j)  # e^-j is the weight of "no digit at all"
    # eq: equation-9-stable
    return rbf_loss(y, targets) + torch.cat([rubbish, -y], dim=1).logsumexp(dim=1).mean()


# --8<-- [end:loss]


# --8<-- [start:model]
class LeNet5(nn.Module):
    """C1, S2, C3, S4, C5, F6, each squashed by the scaled tanh, then the RBF output: 60,000 trainable parameters.

    table: the links of C3; `FULL_TABLE` connects every map.
    """

    def __init__(self, table: tuple[tuple[int, ...], ...] = C3_TABLE) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.t1 = ScaledTanh()
        self.s2 = Subsampling(6)
        self.t2 = ScaledTanh()
        self.c3 = TableConv2d(table, 6, 5)
        self.t3 = ScaledTanh()
        self.s4 = Subsampling(16)
        self.t4 = ScaledTanh()
        self.c5 = nn.Conv2d(16, 120, 5)
        self.t5 = ScaledTanh()
        self.f6 = nn.Linear(120, 84)
        self.t6 = ScaledTanh()
        self.output = RBF(digit_codes())

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, 1, 32, 32). Returns: the distance to every class's code (B, 10)"""
        x = self.t1(self.c1(x))  # (B, 6, 28, 28)
        x = self.t2(self.s2(x))  # (B, 6, 14, 14)
        x = self.t3(self.c3(x))  # (B, 16, 10, 10)
        x = self.t4(self.s4(x))  # (B, 16, 5, 5)
        x = self.t5(self.c5(x))  # (B, 120, 1, 1)
        x = self.t6(self.f6(x.flatten(1)))  # (B, 84)
        return self.output(x)  # (B, 10)


# --8<-- [end:model]


# --8<-- [start:init]
@torch.no_grad()
def init_lenet5(model: LeNet5, generator: torch.Generator) -> None:
    """Every weight from U(+-2.4 / fan_in), biases zero (Appendix A)."""
    links = torch.tensor([len(maps) for maps in model.c3.table for _ in maps])
    fan_in = {
        "c1.weight": 25,
        "s2.coefficient": 5,  # four inputs and a bias
        "c3.weight": 25.0 * links[:, None, None],  # 25 for each map that the output map sees
        "s4.coefficient": 5,
        "c5.weight": 400,
        "f6.weight": 120,
    }
    for name, p in model.named_parameters():
        p.zero_()
        if name in fan_in:
            p.copy_((torch.rand(p.shape, generator=generator) * 2 - 1) * 2.4 / fan_in[name])


# --8<-- [end:init]


# --8<-- [start:training_step]
def training_step(model: LeNet5, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """Forward, backward, update. Returns: the loss before the update."""
    loss = map_loss(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# --8<-- [end:training_step]
