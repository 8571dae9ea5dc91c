"""The chapter's own proofs: the paper's count of parameters and table of sizes, initialisation, cropping, transposition.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from unet_levels import same_batch, unet_batch

from utils.ladder import Batch, Level, Load, load_ladders
from utils.parity.cases import near
from utils.parity.compare import compare
from utils.parity.finding import Finding, failed, passed

SIZES = {572: 388, 188: 4, 204: 20, 380: 196}  # figure 1; the smallest; the next; the tile of our training
REFUSED = {570: "556 or 572", 0: "188", 187: "188"}


def levels_of(name: str, load: Load, **sizes: Any) -> Iterator[tuple[str, Level]]:
    ladder = load_ladders("unet")[name]
    yield from ((level, ladder.level(level, load=load, **sizes)) for level in ladder.builders)


# ---- what the paper states ----


def count_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """31,030,658 parameters with 64 channels, 1,940,834 with 16; a sixteenth of it is built, since each count is that of
    width^2 a, width b and a constant."""
    findings = []
    for level, _ in levels_of("unet", load):
        counts = []
        for width in (1, 2, 3):
            made = load_ladders("unet")["unet"].level(level, load=load, in_channels=1, classes=2, depth=4, width=width)
            counts.append(sum(p.size for p in made.fresh(rng).values()))
        parabola = np.polynomial.Polynomial.fit([1, 2, 3], counts, 2)
        for width, wanted in ((64, 31_030_658), (16, 1_940_834)):
            findings.append(compare(f"{level} parameters, width {width}", round(float(parabola(width))), wanted))
    return findings


def size_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Figure 1 by arithmetic: 572 - 568 - 284 - 280 - 140 - 136 - 68 - 64 - 32 - 28, then 56 - 52 - ... - 388."""
    numpy, paper = load("unet_numpy"), load("unet_paper")
    findings = [compare("legal sizes", paper.legal_sizes(230), [188, 204, 220])]
    findings.append(compare("legal sizes, padded", paper.legal_sizes(40, same=True), [16, 32]))
    findings.append(compare("border", numpy.border(), 184))
    for where, module in (("numpy", numpy), ("paper", paper)):
        for size, wanted in SIZES.items():
            findings.append(compare(f"{where} {size}", module.output_size(size), wanted))
        findings.append(compare(f"{where} 48, padded", module.output_size(48, same=True), 48))
        for size, told in REFUSED.items():
            findings.append(refuses(f"{where} {size}", told, module.output_size, size))
    for depth in (1, 2, 3):
        got = [n for n in range(1, 200) if numpy.is_legal(n, depth)]
        findings.append(compare(f"legal sizes, depth {depth}", got, paper.legal_sizes(199, depth)))
    return findings


def refuses(what: str, told: str, call: Callable[..., Any], *arguments: Any) -> Finding:
    """A ValueError whose message has `told`."""
    try:
        call(*arguments)
    except ValueError as error:
        return passed(what) if told in str(error) else failed(what, f"the message lacks {told!r}: {error}")
    return failed(what, "no ValueError")


def refusal_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """What fits no level of the network is refused at every level of the ladder, with the number in question."""
    findings, wrong = [], {"images": {"images": (2, 7, 46, 52)}, "small": {"images": (2, 7, 40, 40)}}
    for level, made in levels_of("unet", load):
        params = made.fresh(rng)
        for name, shapes in wrong.items():
            batch: Batch = unet_batch(rng) | {key: rng.normal(size=shape) for key, shape in shapes.items()}
            side = str(batch["images"].shape[2])
            findings.append(refuses(f"{level} {name}", side, partial(made.run, params, batch, training=False)))
    return findings


# ---- initialisation ----


def init_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Every weight has the standard deviation sqrt(2 / N), within six standard errors; biases are zero, scales one."""
    findings = []
    for name in ("unet", "unet_same"):
        for level, made in levels_of(name, load, in_channels=40, width=12):
            for key, values in made.fresh(rng).items():
                if values.ndim > 1:  # of an up-convolution's kernel of 2 x 2 with stride 2, an output pixel meets one
                    N = values.shape[0] if "upconv" in key else np.prod(values.shape[1:])
                    sd, tolerance = np.sqrt(2.0 / N), 6.0 / np.sqrt(2.0 * values.size)
                    findings.append(near(f"{name} {level} {key}", float(values.std()), sd, tolerance))
                else:
                    wanted = np.ones_like(values) if key.endswith(("weight", "var")) else np.zeros_like(values)
                    findings.append(compare(f"{name} {level} {key}", values, wanted, may_be_zero=True))
    return findings


# ---- transposition, cropping ----


def transpose_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """<y, conv(z)> = <conv_transpose(y), z> for the same weight, and the low level's operation against torch's."""
    findings = []
    for k, s, p, op in ((2, 2, 0, 0), (3, 2, 1, 1), (5, 3, 2, 1), (3, 1, 0, 0)):
        y, weight = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 2, k, k))
        layer = load("transposed_numpy").ConvTranspose2d(3, 2, k, stride=s, padding=p, output_padding=op, rng=rng)
        layer.weight[...] = weight
        up = layer.forward(y)
        z = rng.normal(size=up.shape)
        down = F.conv2d(torch.tensor(z), torch.tensor(weight), stride=s, padding=p).numpy()
        findings.append(compare(f"transpose, kernel {k}, stride {s}", (up * z).sum(), (down * y).sum()))
        bias = rng.normal(size=2)
        x, w, b = (torch.tensor(a, requires_grad=True) for a in (y, weight, bias))
        low = load("unet_lowlevel").conv_transpose2d(x, w, b, s, p, op)
        wanted = F.conv_transpose2d(x, w, b, s, p, op)
        findings.append(compare(f"low level, kernel {k}, stride {s}", low.detach().numpy(), wanted.detach().numpy()))
        upstream = torch.tensor(rng.normal(size=wanted.shape))
        for name, got, want in zip(
            ("x", "weight", "bias"),
            torch.autograd.grad(low, (x, w, b), upstream),
            torch.autograd.grad(wanted, (x, w, b), upstream),
            strict=True,
        ):
            findings.append(compare(f"low level, kernel {k}, stride {s}, gradient {name}", got.numpy(), want.numpy()))
    return findings


def crop_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """An odd rest is cut off at the bottom and right at every level; more pixels than there are cannot be taken."""
    x = rng.normal(size=(2, 3, 6, 7))
    crops = {
        "numpy": load("transposed_numpy").Crop().forward,
        "pytorch_lowlevel": lambda a, *size: load("unet_lowlevel").crop(torch.tensor(a), *size).numpy(),
        "paper": lambda a, *size: load("unet_paper").crop(torch.tensor(a), *size).numpy(),
    }
    findings = [compare(f"{level} crop", crop(x, 3, 4).copy(), x[:, :, 1:4, 1:5]) for level, crop in crops.items()]
    return findings + [refuses(f"{level} crop too large", "7 x 4", crop, x, 7, 4) for level, crop in crops.items()]


def adam_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Six steps of Adam, which trains the chapter's networks: the same losses, parameters and state at every level."""
    ladder = load_ladders("unet")["unet"]
    params, batches = ladder.init(rng), [ladder.batch(rng) for _ in range(6)]
    trainers = {name: made.start(params, kind="adam", lr=0.01) for name, made in levels_of("unet", load)}
    losses = {name: np.array([trainer.step(batch) for batch in batches]) for name, trainer in trainers.items()}
    findings, wanted = [], trainers.pop("paper")
    for name, trainer in trainers.items():
        findings.append(compare(f"{name} losses", losses[name], losses["paper"]))
        for what in ("params", "optimizer_state"):
            got, want = getattr(trainer, what)(), getattr(wanted, what)()
            findings += [compare(f"{name} {what} {key}", got[key], want[key]) for key in want if key in got]
            if got.keys() != want.keys():
                findings.append(failed(f"{name} {what}", f"has {sorted(got)}, expected {sorted(want)}"))
    return findings


def evaluation_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Dropout acts in training only: with masks of zero the loss in evaluation is that without masks."""
    findings, ladder = [], load_ladders("unet")["unet_same"]
    batch = same_batch(rng)
    none = {name: np.zeros_like(mask) for name, mask in ladder.noise(rng, batch, **ladder.sizes).items()}
    for level, made in levels_of("unet_same", load):
        params = ladder.init(rng)
        got, wanted = (made.run(params, b, training=False).outputs["logits"] for b in (batch | none, batch))
        findings.append(compare(f"{level} evaluation", got, wanted))
    return findings
