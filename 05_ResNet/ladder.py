"""The contract of chapter 05: the CIFAR-10 networks with and without shortcuts, and those for ImageNet of both block types."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from resnet_checks import cifar_count_check, imagenet_count_check, init_check, option_check
from resnet_layers import CIFAR_LAYERS, LAYERS_OF_18, LAYERS_OF_50, PLAIN_LAYERS
from resnet_levels import (
    CIFAR,
    CIFAR_TRACE,
    RESNET18,
    RESNET50,
    TRACE_18,
    TRACE_50,
    LowCifarResNet,
    LowResNet,
    NumpyCifarResNet,
    NumpyResNet,
    PaperCifarResNet,
    PaperResNet,
    is_parameter,
    large_batch,
    random_batch,
    small_batch,
)
from resnet_references import Sequential, Timm, Torchvision, TorchvisionCifar

from utils.classification import accuracy
from utils.digits import DIGITS, digit_batches, digits
from utils.ladder import Bench, Check, Climb, Deviation, Ladder, Overfit, Phase
from utils.parity.planting import load_mistakes
from utils.scripts import tiny_run

MISTAKES = load_mistakes(Path(__file__).parent)
MODULES = {"numpy": "resnet_numpy", "pytorch_lowlevel": "resnet_lowlevel", "paper": "resnet_paper"}


# ---- the climb, and what the ladders share ----

standardised_digits = partial(digits, scale=lambda grey: (grey - 4.9) / 6.0)

CLIMB = Climb(
    dataset=DIGITS,
    batches=lambda rng, steps: digit_batches(standardised_digits("train"), 32, rng, steps),
    test=lambda: standardised_digits("test"),
    metric="accuracy",
    score=accuracy,
    sizes={"depth": 8, "width": 8, "in_channels": 1, "classes": 10},  # with the ladder's shortcuts
    steps=150,
    options={"lr": 0.05, "weight_decay": 1e-4},
)

resnet = partial(Ladder, modules=MODULES, inputs=("images",), phases=(Phase(trains=is_parameter),))
cifar = partial(
    resnet,
    data=small_batch,
    builders={"numpy": NumpyCifarResNet, "pytorch_lowlevel": LowCifarResNet, "paper": PaperCifarResNet},
    activations=CIFAR_TRACE,
    climb=CLIMB,
    train_script="train_resnet",
)
imagenet = partial(
    resnet,
    data=large_batch,
    builders={"numpy": NumpyResNet, "pytorch_lowlevel": LowResNet, "paper": PaperResNet},
    reference_builders={"torchvision blocks": Torchvision, "timm": Timm},
)

# ---- the ladders ----

HE = "He, Zhang, Ren, Sun 2016"
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
SHORT = ("steps=8", "eval_every=4")

CIFAR_LADDER = cifar(
    paper=f"{HE}, section 4.2",
    sizes=CIFAR,
    reference_builders={"torchvision blocks": TorchvisionCifar},
    layers=CIFAR_LAYERS,
    checks=(
        init_check("cifar_resnet", width=40, classes=300),
        Check("parameter count", cifar_count_check),
        option_check("cifar_resnet", "B"),
    ),
    mistakes=MISTAKES["cifar_resnet"],
    deviations=(
        *RECIPE,
        Deviation(
            "Option A pads half of the zero channels on each side.",
            "The paper does not say where they go; this is the common choice.",
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
        Deviation(
            "Batch normalisation takes its statistics over all 128 images of a step.",
            "The paper trains on two GPUs, each of which normalises its own 64; on two devices ours do so too.",
            "05_ResNet/paper/test_resnet_paper.py::test_statistics_are_those_of_the_whole_batch",
        ),
        Deviation(
            "The network of 110 layers warms up for exactly 400 steps.",
            "The paper warms up until the training error is below 80 %, which it says takes about 400; a number can be"
            " repeated.",
            "05_ResNet/paper/test_resnet_paper.py::test_the_schedule_of_the_paper",
        ),
        Deviation(
            "Crops are padded with zeros after the mean is subtracted, so with the mean colour.",
            "The paper pads by 4 pixels and does not say with what.",
            "05_ResNet/paper/test_resnet_paper.py::test_a_crop_is_a_shifted_image",
        ),
        Deviation(
            "A last batch that is not whole is dropped, and the next pass begins.",
            "The paper counts iterations and not passes. A batch of one image would have no variance to divide by.",
            "05_ResNet/paper/test_resnet_paper.py::test_every_batch_is_whole",
        ),
    ),
    scripts=(
        tiny_run("train_resnet", "tiny", "paper", *SHORT),
        tiny_run("train_resnet", "tiny", "numpy", *SHORT),
        tiny_run("train_resnet", "tiny", "paper", *SHORT, "amp=true", "channels_last=true"),
    ),
    overfit=Overfit(steps=30, loss=0.1, options={"lr": 0.1, "weight_decay": 1e-4}),
    bench=Bench(
        batch=random_batch(32, 32, 32, classes=10),
        sizes={"depth": 20, "width": 16, "classes": 10},
        what="ResNet-20, batch 32, 3x32x32",
        variants=CHANNELS_LAST | COMPILED,
    ),
)

PLAIN_LADDER = cifar(
    paper=f"{HE}, section 4.2, plain networks",
    sizes=CIFAR | {"option": "none"},
    reference_builders={"torch.nn.Sequential": Sequential},
    layers=PLAIN_LAYERS,
    checks=(init_check("plain", width=40, classes=300),),
    mistakes=MISTAKES["plain"],
    deviations=RECIPE[:1],
    overfit=Overfit(steps=60, loss=0.1, options={"lr": 0.1, "weight_decay": 1e-4}),
)

RESNET18_LADDER = imagenet(
    paper=f"{HE}, Table 1",
    sizes=RESNET18,
    activations=TRACE_18,
    layers=LAYERS_OF_18,
    checks=(
        init_check("resnet18", width=16, classes=300),
        Check("parameter count", imagenet_count_check),
        option_check("resnet18", "A"),
    ),
    mistakes=MISTAKES["resnet18"],
    deviations=RECIPE,
    bench=Bench(
        batch=random_batch(4, 64, 64, classes=10),
        sizes={"width": 64, "classes": 10},
        what="ResNet-18, batch 4, 3x64x64",
        variants=CHANNELS_LAST,
    ),
)

BOTTLENECK_LADDER = imagenet(
    paper=f"{HE}, Table 1 and figure 5",
    sizes=RESNET50,
    activations=TRACE_50,
    layers=LAYERS_OF_50,
    checks=(
        init_check("bottleneck", width=16, classes=300, layers=(1, 1, 1, 1)),
        option_check("bottleneck", "A"),
    ),
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
        batch=random_batch(2, 64, 64, classes=10),
        sizes={"width": 64, "classes": 10, "layers": None},
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
