"""The contract of the U-Net chapter: a step of the way up, the paper's network, and the padded one that most code has."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from unet_checks import (
    count_check,
    crop_check,
    evaluation_check,
    init_check,
    refusal_check,
    size_check,
    transpose_check,
)
from unet_layers import BLOCK_LAYERS, SAME_LAYERS, UNET_LAYERS
from unet_levels import (
    SIZES,
    WIDTH,
    LowUNet,
    LowUpBlock,
    NumpyUNet,
    NumpyUpBlock,
    PaperUNet,
    PaperUpBlock,
    block_batch,
    dropout_noise,
    is_parameter,
    same_batch,
    trace,
    unet_batch,
)
from unet_references import TorchFigure1, TorchPadded, TorchStep

from utils.ladder import Check, Ladder, Overfit, Phase
from utils.parity.planting import load_mistakes

MISTAKES = load_mistakes(Path(__file__).parent)
MODULES = {"numpy": "unet_numpy", "pytorch_lowlevel": "unet_lowlevel", "paper": "unet_paper"}
PAPER = "Ronneberger, Fischer, Brox: U-Net, 2015"

# ---- the ladders ----

unet = partial(
    Ladder,
    modules=MODULES,
    builders={"numpy": NumpyUNet, "pytorch_lowlevel": LowUNet, "paper": PaperUNet},
    noise=dropout_noise,
    phases=(Phase(trains=is_parameter),),
    inputs=("images",),
)
UP_BLOCK = Ladder(
    paper=f"{PAPER}, section 2",
    data=block_batch,
    sizes={"channels": WIDTH, "same": False},
    modules=MODULES,
    builders={"numpy": NumpyUpBlock, "pytorch_lowlevel": LowUpBlock, "paper": PaperUpBlock},
    reference_builders={"torch modules": TorchStep},
    inputs=("x", "skip"),
    activations=("upconv", "convs.conv1", "convs.conv2", "convs"),
    layers=BLOCK_LAYERS,
    checks=(Check("transposition", transpose_check), Check("crop", crop_check)),
    mistakes=MISTAKES["up_block"],
)
UNET = unet(
    paper=PAPER,
    data=unet_batch,
    sizes=SIZES,
    reference_builders={"torch modules": TorchFigure1},
    activations=trace(),
    layers=UNET_LAYERS,
    checks=(
        Check("parameters", count_check),
        Check("sizes", size_check),
        Check("refused", refusal_check),
        Check("initialisation", init_check, proof="levels"),
    ),
    mistakes=MISTAKES["unet"],
    overfit=Overfit(steps=100, loss=1.0, options={"kind": "adam", "lr": 0.005}),
    train_script="train_unet",
)
UNET_SAME = unet(
    paper=f"{PAPER}, with padding and batch normalisation",
    data=same_batch,
    sizes=SIZES | {"same": True},
    reference_builders={"torch modules": TorchPadded},
    activations=trace(),
    layers=SAME_LAYERS,
    checks=(Check("dropout in evaluation", evaluation_check),),
    mistakes=MISTAKES["unet_same"],
)

LADDERS = {"up_block": UP_BLOCK, "unet": UNET, "unet_same": UNET_SAME}
