"""The contract of chapter 05: the CIFAR-10 networks with and without shortcuts, and those for ImageNet of both block types."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
from resnet_checks import cifar_count_check, imagenet_count_check, init_check
from resnet_layers import CIFAR_LAYERS, LAYERS_OF_18, LAYERS_OF_50, PLAIN_LAYERS
from resnet_levels import (
    BLOCKS_18,
    BLOCKS_50,
    CIFAR,
    CIFAR_BLOCKS,
    CIFAR_KIND,
    CIFAR_TRACE,
    IMAGENET,
    KIND_18,
    KIND_50,
    LARGE_BATCH,
    LAYERS_50,
    PLAIN_KIND,
    SMALL_BATCH,
    cifar_sizes,
    imagenet_sizes,
    random_batch,
    random_params,
)
from resnet_references import (
    plain_names,
    plain_sequential,
    reference,
    timm_resnet,
    torchvision_cifar,
    torchvision_resnet,
)
from utils.proofs import fresh_params

from utils.classification import accuracy
from utils.digits import DIGITS, digit_batches, digits
from utils.ladder import Bench, Check, Climb, Deviation, Ladder, Overfit
from utils.parity.planting import load_mistakes
from utils.scripts import tiny_run
from utils.training_utils import float32

MISTAKES = load_mistakes(Path(__file__).parent)


# ---- real data without a network: the digits of scikit-learn ----


standardised_digits = partial(digits, scale=lambda grey: (grey - 4.9) / 6.0)


def climb(option: str) -> Climb:
    return Climb(
        dataset=DIGITS,
        batches=lambda rng, steps: digit_batches(standardised_digits("train"), 32, rng, steps),
        test=lambda: standardised_digits("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh_params("resnet_numpy", "CifarResNet", depth=8, width=8, in_channels=1, option=option),
        steps=150,
        options={"lr": 0.05, "weight_decay": 1e-4},
    )


SHORT = ("steps=8", "eval_every=4")

# ---- the ladders ----

HE = "He, Zhang, Ren, Sun 2016"
MODULES = {"numpy": "resnet_numpy", "pytorch_lowlevel": "resnet_lowlevel", "paper": "resnet_paper"}

RECIPE = (
    Deviation(
        "Every convolution and the classifier are drawn with fan_in; torchvision and timm take fan_out for convolutions.",
        "Equation 10 of He et al. 2015 has fan_in; the two differ only where the number of channels changes.",
        "check: initialisation statistics",
    ),
    Deviation(
        "timm starts the last scale of every branch at zero, so that a block begins as the identity.",
        "That came after the paper (Goyal et al. 2017); ours start at one, as in the paper.",
        "check: initialisation statistics",
    ),
)

CHANNELS_LAST = {"paper, channels last": {"channels_last": True}}
COMPILED = {"paper, compiled": {"compiled": True}} if shutil.which("c++") else {}  # for a CPU it writes C++; minutes

CIFAR_LADDER = Ladder(
    name="cifar_resnet",
    chapter="05",
    paper=f"{HE}, section 4.2",
    init=random_params("CifarResNet", CIFAR),
    batch=SMALL_BATCH,
    modules=MODULES,
    builders=CIFAR_KIND.builders(),
    references={"torchvision blocks": reference(torchvision_cifar, CIFAR_BLOCKS, sizes=cifar_sizes)},
    activations=CIFAR_TRACE,
    layers=CIFAR_LAYERS,
    checks=(
        Check("initialisation statistics", init_check, proof="levels"),
        Check("parameter count", cifar_count_check),
    ),
    mistakes=MISTAKES["cifar_resnet"],
    deviations=(
        *RECIPE,
        Deviation(
            "Option A pads half of the zero channels on each side.",
            "The paper does not say where they stand; this is the common choice.",
            "05_ResNet/numpy/test_resnet_numpy.py::test_option_a_by_hand",
        ),
        Deviation(
            "Pixels are divided by their overall standard deviation after the per-pixel mean is subtracted.",
            "The paper only subtracts; the first batch normalisation undoes any scale, which then only affects the size of"
            " the first weight's gradient.",
            "05_ResNet/paper/test_resnet_paper.py::test_preparation",
        ),
        Deviation(
            "5,000 training images are held out in all runs, and the test set is the first 1,000 of the 10,000 test images.",
            "The paper holds 5,000 out to choose the schedule, and tests on all 10,000, of which only the first 1,000 are"
            " in the files that our set is made of.",
            "05_ResNet/paper/test_resnet_paper.py::test_parts_do_not_overlap",
        ),
    ),
    scripts=(
        tiny_run("train_resnet", "tiny", "paper", *SHORT),
        tiny_run("train_resnet", "tiny", "numpy", *SHORT),
        tiny_run("train_resnet", "tiny", "paper", *SHORT, "amp=true", "channels_last=true"),
    ),
    overfit=Overfit(steps=30, loss=0.1, options={"lr": 0.1, "weight_decay": 1e-4}),
    climb=climb("A"),
    bench=Bench(
        init=fresh_params("resnet_numpy", "CifarResNet", dtype=np.float32, depth=20),
        batch=lambda rng: float32(random_batch(32, 32, 32, classes=10)(rng)),
        what="ResNet-20, batch 32, 3x32x32",
        variants=CHANNELS_LAST | COMPILED,
    ),
    train_script="train_resnet",
)

PLAIN_LADDER = Ladder(
    name="plain",
    chapter="05",
    paper=f"{HE}, section 4.2, plain networks",
    init=random_params("CifarResNet", CIFAR | {"option": "none"}),
    batch=SMALL_BATCH,
    modules=MODULES,
    builders=PLAIN_KIND.builders(),
    references={"torch.nn.Sequential": reference(plain_sequential, [], names=plain_names())},
    activations=CIFAR_TRACE,
    layers=PLAIN_LAYERS,
    mistakes=MISTAKES["plain"],
    deviations=RECIPE[:1],
    overfit=Overfit(steps=60, loss=0.1, options={"lr": 0.1, "weight_decay": 1e-4}),
    climb=climb("none"),
    train_script="train_resnet",
)

RESNET18_LADDER = Ladder(
    name="resnet18",
    chapter="05",
    paper=f"{HE}, Table 1",
    init=random_params("ResNet", {"depth": 18, **IMAGENET}),
    batch=LARGE_BATCH,
    modules=MODULES,
    builders=KIND_18.builders(),
    references={
        "torchvision blocks": reference(torchvision_resnet("BasicBlock"), BLOCKS_18, sizes=imagenet_sizes),
        "timm": reference(timm_resnet("BasicBlock"), BLOCKS_18, sizes=imagenet_sizes),
    },
    activations=KIND_18.trace,
    layers=LAYERS_OF_18,
    checks=(Check("parameter count", imagenet_count_check),),
    mistakes=MISTAKES["resnet18"],
    deviations=RECIPE,
    bench=Bench(
        init=fresh_params("resnet_numpy", "ResNet", dtype=np.float32, depth=18, classes=10),
        batch=lambda rng: float32(random_batch(4, 64, 64, classes=10)(rng)),
        what="ResNet-18, batch 4, 3x64x64",
        variants=CHANNELS_LAST,
    ),
)

BOTTLENECK_LADDER = Ladder(
    name="bottleneck",
    chapter="05",
    paper=f"{HE}, Table 1 and figure 5",
    init=random_params("ResNet", {"depth": 50, "layers": LAYERS_50, **IMAGENET}),
    batch=LARGE_BATCH,
    modules=MODULES,
    builders=KIND_50.builders(),
    references={
        "torchvision blocks": reference(torchvision_resnet("Bottleneck"), BLOCKS_50, sizes=imagenet_sizes),
        "timm": reference(timm_resnet("Bottleneck"), BLOCKS_50, sizes=imagenet_sizes),
    },
    activations=KIND_50.trace,
    layers=LAYERS_OF_50,
    mistakes=MISTAKES["bottleneck"],
    deviations=(
        Deviation(
            "Bottlenecks stride on the 3x3 convolution; the paper's text puts the stride on the first 1x1.",
            "torchvision and timm do so too, and checkpoints of theirs could not be loaded otherwise.",
            "05_ResNet/paper/test_resnet_paper.py::test_stride_of_the_bottleneck",
        ),
        *RECIPE,
    ),
    bench=Bench(
        init=fresh_params("resnet_numpy", "ResNet", dtype=np.float32, depth=50, classes=10),
        batch=lambda rng: float32(random_batch(2, 64, 64, classes=10)(rng)),
        what="ResNet-50, batch 2, 3x64x64",
        variants=CHANNELS_LAST,
    ),
)

LADDERS = {
    "cifar_resnet": CIFAR_LADDER,
    "plain": PLAIN_LADDER,
    "resnet18": RESNET18_LADDER,
    "bottleneck": BOTTLENECK_LADDER,
}
