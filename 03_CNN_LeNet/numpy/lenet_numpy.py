"""LeNet-5 in NumPy, as the paper has it.

LeCun, Bottou, Bengio, Haffner 1998, section II-B (the layers), II-C (the losses), Appendix A (squashing function and
initialisation). Derivations: `../theory.md`.

    B  batch    K  classes    D  code length (84)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from activations_numpy import ScaledTanh
from conv_numpy import Conv2d, check_images, to_batch_first
from linear_numpy import Linear
from mlp_numpy import lecun_uniform
from module_numpy import Module

Array = np.ndarray

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


def digit_codes() -> Array:
    """The target of every class: its picture in 7 x 12 pixels, +1 for ink and -1 for paper. Returns: (10, 84)"""
    rows = CODES_AS_DRAWN.split()
    pixels = np.array([[int(pixel) for pixel in row] for row in rows])  # (120, 7)
    return (2.0 * pixels - 1.0).reshape(10, 84)


# --8<-- [start:subsampling]
class Subsampling(Module):
    """y = coefficient * (sum of a 2 x 2 window) + bias, one coefficient and one bias for each map (section II-B, layer S2).

    The windows do not overlap. The sum is not divided by four: the coefficient is learned anyway.

    Args:
        rng: draws the coefficients from U(+-2.4 / fan_in); a unit here has 4 inputs and a bias, so the fan-in is 5.
    """

    def __init__(self, channels: int, *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        super().__init__()
        self.channels = channels
        self.coefficient = self.add_param("coefficient", rng.uniform(-2.4 / 5, 2.4 / 5, channels).astype(dtype))
        self.bias = self.add_param("bias", np.zeros(channels, dtype=dtype))

    def forward(self, x: Array) -> Array:
        """x: (B, C, H, W), H and W even. Returns: (B, C, H/2, W/2)"""
        check_images("Subsampling", x, self.channels, 2)
        if x.shape[2] % 2 or x.shape[3] % 2:
            raise ValueError(f"Subsampling expected an even height and width, got {x.shape}")
        self.shape = x.shape
        self.sums = x[:, :, 0::2, 0::2] + x[:, :, 0::2, 1::2]
        self.sums += x[:, :, 1::2, 0::2]
        self.sums += x[:, :, 1::2, 1::2]  # (B, C, H/2, W/2)
        return self.coefficient[:, None, None] * self.sums + self.bias[:, None, None]

    def backward(self, dy: Array) -> Array:
        """dy: (B, C, H/2, W/2). Adds to `grads`. Returns: dx (B, C, H, W)"""
        if dy.shape != self.sums.shape:
            raise ValueError(f"Subsampling.backward expected dy of shape {self.sums.shape}, got {dy.shape}")
        # eq: subsampling-backward
        self.grads["coefficient"] += (dy * self.sums).sum(axis=(0, 2, 3))  # d coefficient = sum of dy * window sum
        # eq: subsampling-backward
        self.grads["bias"] += dy.sum(axis=(0, 2, 3))  # d bias = sum of dy over images and positions
        B, C, H, W = self.shape
        dx = to_batch_first(np.empty((C, H, W, B), dtype=dy.dtype))  # (B, C, H, W)
        # eq: subsampling-backward
        share = self.coefficient[:, None, None] * dy  # every pixel of a window gets coefficient * dy
        # eq: subsampling-backward
        dx[:, :, 0::2, 0::2] = dx[:, :, 0::2, 1::2] = dx[:, :, 1::2, 0::2] = dx[:, :, 1::2, 1::2] = share
        return dx


# --8<-- [end:subsampling]


# --8<-- [start:table_convolution]
class TableConv2d(Conv2d):
    """A convolution in which an output map sees only the input maps that a table lists (section II-B, layer C3).

    It keeps one k x k kernel for each link, (links, k, k). The kernels of the missing links are zero and are no parameters.

    Args:
        table: for each output map, the input maps that it sees.
        rng: draws the kernels from U(+-2.4 / fan_in); the fan-in of a map is k^2 times the links it has.

    Raises:
        ValueError: the table names an input map that does not exist, or one map twice in a row.
    """

    def __init__(
        self,
        table: tuple[tuple[int, ...], ...],
        in_channels: int,
        kernel_size: int,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(in_channels, len(table), kernel_size, rng=rng, dtype=dtype)
        self.outs = np.array([o for o, maps in enumerate(table) for _ in maps])
        self.ins = np.array([c for maps in table for c in maps])
        if self.ins.min() < 0 or self.ins.max() >= in_channels:
            wrong = self.ins[(self.ins < 0) | (self.ins >= in_channels)][0]
            raise ValueError(f"TableConv2d expected input maps from 0 to {in_channels - 1} in its table, got {wrong}")
        for o, maps in enumerate(table):
            if len(set(maps)) != len(maps):
                raise ValueError(f"TableConv2d expected every link once in its table, got {maps} for map {o}")
        fan_in = kernel_size**2 * np.array([len(table[o]) for o in self.outs])[:, None, None]
        draw = rng.uniform(-2.4, 2.4, (len(self.outs), kernel_size, kernel_size)) / fan_in
        self.weight = self.add_param("weight", draw.astype(dtype))  # (links, k, k)
        self.kernel_shape = (len(table), in_channels, kernel_size, kernel_size)

    def kernels(self) -> Array:
        full = np.zeros(self.kernel_shape, dtype=self.weight.dtype)
        # eq: connection-table
        full[self.outs, self.ins] = self.weight
        return full

    def add_kernel_grad(self, dkernels: Array) -> None:
        # eq: connection-table
        self.grads["weight"] += dkernels[self.outs, self.ins]  # a kernel that stays zero has no gradient


# --8<-- [end:table_convolution]


# --8<-- [start:rbf]
class RBF(Module):
    """y[b, i] = |x[b] - code[i]|^2: how badly the input fits the code of class i (equation 7). The codes are fixed.

    As -log of a Gaussian likelihood up to a constant: the smallest output is the answer.
    """

    def __init__(self, codes: Array, *, dtype: Any = np.float64) -> None:
        super().__init__()
        self.codes = self.add_buffer("codes", codes.astype(dtype))  # (K, D)

    def forward(self, x: Array) -> Array:
        """x: (B, D). Returns: (B, K)"""
        if x.ndim != 2 or x.shape[1] != self.codes.shape[1] or len(x) == 0:
            raise ValueError(f"RBF expected a non-empty (B, {self.codes.shape[1]}), got {x.shape}")
        self.difference = x[:, None, :] - self.codes  # (B, K, D)
        return (self.difference**2).sum(axis=2)  # (B, K)

    def backward(self, dy: Array) -> Array:
        """dy: (B, K). Returns: dx (B, D)"""
        if dy.shape != self.difference.shape[:2]:
            raise ValueError(f"RBF.backward expected dy of shape {self.difference.shape[:2]}, got {dy.shape}")
        # eq: distances-backward
        return 2.0 * (dy[:, None, :] @ self.difference)[:, 0]  # dx = sum over i of 2 (x - code[i]) dy[i]


# --8<-- [end:rbf]


# --8<-- [start:mse_loss]
class RBFLoss(Module):
    """E = mean over the examples of y[target], the distance to the right code (equation 8)."""

    def forward(self, y: Array, targets: Array) -> float:
        """y: distances (B, K). targets: (B,) integer labels."""
        self.rows = check_labels(type(self).__name__, y, targets)
        self.y, self.targets = y, targets
        return float(y[self.rows, targets].mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dE/dy (B, K)"""
        d = np.zeros_like(self.y)
        # eq: equation-8-backward
        d[self.rows, self.targets] = dy / len(d)  # dE/dy[target] = 1 / B
        return d


# --8<-- [end:mse_loss]


# --8<-- [start:loss]
class MAPLoss(RBFLoss):
    """E = mean over the examples of y[target] + log(e^-j + sum over i of e^-y[i]) (equation 9).

    The second term pushes the wrong codes away; the constant j > 0 stops the push once they are far.
    """

    def __init__(self, j: float = 0.1) -> None:
        super().__init__()
        if j <= 0:
            raise ValueError(f"MAPLoss needs j > 0 (section II-C), got {j}")
        self.j = j

    def forward(self, y: Array, targets: Array) -> float:
        """y: distances (B, K). targets: (B,) integer labels."""
        right = super().forward(y, targets)
        self.least = np.minimum(y.min(axis=1), self.j)  # the largest exponent, taken out so that nothing overflows
        self.exps = np.exp(self.least[:, None] - y)  # (B, K)
        # eq: equation-9-stable
        self.total = np.exp(self.least - self.j) + self.exps.sum(axis=1)  # (B,)
        # eq: equation-9-stable
        return right + float((np.log(self.total) - self.least).mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dE/dy (B, K)"""
        # eq: equation-9-backward
        d = self.exps * (-dy / (len(self.y) * self.total))[:, None]  # -e^-y[i] / (e^-j + sum of e^-y), over B
        # eq: equation-9-backward
        d[self.rows, self.targets] += dy / len(d)  # and 1 / B more at the target, as in equation 8
        return d


# --8<-- [end:loss]


def check_labels(loss: str, y: Array, targets: Array) -> Array:
    """Refuse labels that do not fit the outputs. Returns: arange(B)"""
    if y.ndim != 2 or targets.shape != y.shape[:1] or y.size == 0:
        raise ValueError(f"{loss} expected a non-empty (B, K) and targets (B,), got {y.shape} and {targets.shape}")
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"{loss} expected integer class labels, got {targets.dtype}")
    if targets.min() < 0 or targets.max() >= y.shape[1]:
        wrong = targets[(targets < 0) | (targets >= y.shape[1])][0]
        raise ValueError(f"{loss} expected labels from 0 to {y.shape[1] - 1}, got {wrong}")
    return np.arange(len(y))


# --8<-- [start:model]
class LeNet5(Module):
    """C1, S2, C3, S4, C5, F6, each squashed by the scaled tanh, then the RBF output: 60,000 trainable parameters.

    Args:
        rng: draws every weight from U(+-2.4 / fan_in) (Appendix A); the biases start at zero.
        table: the links of C3; `FULL_TABLE` connects every map.
    """

    def __init__(
        self, *, rng: np.random.Generator, table: tuple[tuple[int, ...], ...] = C3_TABLE, dtype: Any = np.float64
    ) -> None:
        super().__init__()
        self.c1 = Conv2d(1, 6, 5, rng=rng, dtype=dtype)
        self.t1 = ScaledTanh()
        self.s2 = Subsampling(6, rng=rng, dtype=dtype)
        self.t2 = ScaledTanh()
        self.c3 = TableConv2d(table, 6, 5, rng=rng, dtype=dtype)
        self.t3 = ScaledTanh()
        self.s4 = Subsampling(16, rng=rng, dtype=dtype)
        self.t4 = ScaledTanh()
        self.c5 = Conv2d(16, 120, 5, rng=rng, dtype=dtype)
        self.t5 = ScaledTanh()
        self.f6 = Linear(120, 84, rng=rng, dtype=dtype)
        self.t6 = ScaledTanh()
        self.output = RBF(digit_codes(), dtype=dtype)
        for layer in (self.c1, self.c5, self.f6):
            weight = layer.params["weight"]
            weight[...] = lecun_uniform(weight.shape, rng=rng)

    def forward(self, x: Array) -> Array:
        """x: (B, 1, 32, 32). Returns: the distance to every class's code (B, 10)"""
        if x.ndim != 4 or x.shape[1:] != (1, 32, 32):
            raise ValueError(f"LeNet5 expected (B, 1, 32, 32), got {x.shape}")
        x = self.t1.forward(self.c1.forward(x))  # (B, 6, 28, 28)
        x = self.t2.forward(self.s2.forward(x))  # (B, 6, 14, 14)
        x = self.t3.forward(self.c3.forward(x))  # (B, 16, 10, 10)
        x = self.t4.forward(self.s4.forward(x))  # (B, 16, 5, 5)
        x = self.t5.forward(self.c5.forward(x))  # (B, 120, 1, 1)
        x = self.t6.forward(self.f6.forward(x[:, :, 0, 0]))  # (B, 84)
        return self.output.forward(x)  # (B, 10)

    def backward(self, dy: Array, *, input_grad: bool = True) -> Array | None:
        """dy: (B, 10). Adds to `grads`. Returns: dx (B, 1, 32, 32), or None where it is not asked for"""
        dx = self.output.backward(dy)  # (B, 84)
        dx = self.f6.backward(self.t6.backward(dx))[:, :, None, None]  # (B, 120, 1, 1)
        dx = self.c5.backward(self.t5.backward(dx))  # (B, 16, 5, 5)
        dx = self.s4.backward(self.t4.backward(dx))  # (B, 16, 10, 10)
        dx = self.c3.backward(self.t3.backward(dx))  # (B, 6, 14, 14)
        dx = self.s2.backward(self.t2.backward(dx))  # (B, 6, 28, 28)
        dx = self.t1.backward(dx)
        self.c1.backward_params(dx)
        return self.c1.backward_input(dx) if input_grad else None


# --8<-- [end:model]


# --8<-- [start:training_step]
def training_step(model: LeNet5, criterion: RBFLoss, optimizer: Any, images: Array, labels: Array) -> float:
    """Forward, backward, update. Returns: the loss before the update."""
    loss = criterion.forward(model.forward(images), labels)
    model.zero_grads()
    model.backward(criterion.backward(), input_grad=False)
    optimizer.step(model.grads)
    return loss


# --8<-- [end:training_step]
