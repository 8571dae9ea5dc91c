"""The contract of chapter 03: LeNet-5 with each of the paper's two losses, and the modern variant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lenet_checks import code_check, count_check, he_check, init_check, modern_count_check, ties_check
from lenet_data import to_input
from lenet_layers import LENET_LAYERS, MODERN_LAYERS
from lenet_levels import (
    LENET5_BUILDERS,
    MODERN_BUILDERS,
    MODERN_TRACE,
    MSE_BUILDERS,
    TRACE,
    random_batch,
    random_modern_params,
    random_params,
)
from lenet_references import SEQUENTIAL, TorchOperations

from utils.classification import accuracy
from utils.data_loaders import load_dataset
from utils.digits import DIGITS, digit_batches
from utils.ladder import Batch, Bench, Check, Climb, Deviation, Ladder, Overfit
from utils.parity.planting import load_mistakes
from utils.proofs import fresh_params
from utils.scripts import tiny_run

MISTAKES = load_mistakes(Path(__file__).parent)


# ---- real data without a network: the digits of scikit-learn ----


def digits_of_32(split: str) -> Batch:
    return to_input(load_dataset("digits", split))


def climb(module: str, model: str, **options: float) -> Climb:
    return Climb(
        dataset=f"{DIGITS}, enlarged to 24x24",
        batches=lambda rng, steps: digit_batches(digits_of_32("train"), 32, rng, steps),
        test=lambda: digits_of_32("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh_params(module, model),
        steps=200,
        options=options,
    )


def bench(module: str, model: str) -> Bench:
    return Bench(
        init=fresh_params(module, model, dtype=np.float32),
        batch=lambda rng: {
            "images": rng.normal(size=(64, 1, 32, 32)).astype(np.float32),
            "labels": rng.integers(0, 10, 64),
        },
        what="batch 64, 1x32x32",
    )


# ---- deviations ----


PAPER_TESTS = "03_CNN_LeNet/paper/test_lenet_paper.py"
LENET_DEVIATIONS = (
    Deviation(
        "SGD with momentum on batches of 64, and a learning rate that rises and falls once, for 20 passes",
        "The paper uses stochastic diagonal Levenberg-Marquardt on single samples (Appendix C), 1.2 million steps of one "
        "image. Batches are what every level here runs fast on, and equal steps can be proved equal",
        f"{PAPER_TESTS}::test_one_cycle",
    ),
    Deviation("j = 0.1 in equation 9", "the paper gives no value, only j > 0", f"{PAPER_TESTS}::test_j_of_equation_9"),
    Deviation(
        "codes: ink is +1, paper is -1",
        "the text gives the values +1 and -1 and Figure 3 the pictures, but not which is which",
        "check: codes",
    ),
    Deviation(
        "biases start at zero",
        "Appendix A draws weights from U(+-2.4 / fan_in); whether biases are among them is not said",
        "check: initialisation",
    ),
    Deviation(
        "C3 keeps 60 kernels and no mask",
        "a full convolution under a mask computes the same, but would count 900 weights that are no parameters",
        "check: parameters and connections",
    ),
    Deviation(
        "no distorted images in training",
        "the paper's 0.95 % is without them; with 540,000 distorted images it reports 0.8 %",
        f"{PAPER_TESTS}::test_input_scaling",
    ),
    Deviation(
        "the input scaling is kept, the claim about it is not",
        "the paper says that -0.1 and 1.175 make the mean roughly 0 and the variance roughly 1; on 32x32 images, which are "
        "mostly background, the variance is far below 1",
        f"{PAPER_TESTS}::test_input_scaling",
    ),
)
MODERN_DEVIATIONS = (
    Deviation(
        "ReLU, max-pooling, a full C3, a linear output, cross-entropy, He's initialisation",
        "this is the network that tutorials call LeNet-5; none of the six is in the paper",
        "check: parameters",
    ),
    Deviation(
        "of equal values in a window the first gets the gradient",
        "torch's convention; any of them would be a valid subgradient",
        "check: ties",
    ),
)

LENET_MODULES = {"numpy": "lenet_numpy", "pytorch_lowlevel": "lenet_lowlevel", "paper": "lenet_paper"}
PAPER = "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998"

LENET5 = Ladder(
    name="lenet5",
    chapter="03",
    paper=PAPER,
    init=random_params,
    batch=random_batch,
    modules=LENET_MODULES,
    builders=LENET5_BUILDERS,
    references={"torch operations": TorchOperations("map")},
    activations=TRACE,
    layers=LENET_LAYERS,
    checks=(
        Check("parameters and connections", count_check),
        Check("initialisation", init_check, proof="levels"),
        Check("codes", code_check),
    ),
    mistakes=MISTAKES["lenet5"],
    deviations=LENET_DEVIATIONS,
    scripts=tuple(tiny_run("train_lenet", "tiny", level) for level in LENET_MODULES),
    overfit=Overfit(steps=50, loss=10.0, options={"lr": 0.004}),
    climb=climb("lenet_numpy", "LeNet5", lr=0.004),
    bench=bench("lenet_numpy", "LeNet5"),
    train_script="train_lenet",
)
LENET5_MSE = Ladder(
    name="lenet5_mse",
    chapter="03",
    paper=PAPER + ", equation 8",
    init=random_params,
    batch=random_batch,
    modules=LENET_MODULES,
    builders=MSE_BUILDERS,
    references={"torch operations": TorchOperations("mse")},
    activations=TRACE,
    mistakes=MISTAKES["lenet5_mse"],
    deviations=LENET_DEVIATIONS[:1],
    overfit=Overfit(steps=50, loss=10.0, options={"lr": 0.004}),
    climb=climb("lenet_numpy", "LeNet5", lr=0.004),
    train_script="train_lenet",
)
LENET_MODERN = Ladder(
    name="lenet_modern",
    chapter="03",
    paper=PAPER + " (its sizes)",
    init=random_modern_params,
    batch=random_batch,
    modules={
        "numpy": "lenet_modern_numpy",
        "pytorch_lowlevel": "lenet_modern_lowlevel",
        "paper": "lenet_modern_paper",
    },
    builders=MODERN_BUILDERS,
    references={"torch.nn.Sequential": SEQUENTIAL},
    activations=MODERN_TRACE,
    layers=MODERN_LAYERS,
    checks=(
        Check("parameters", modern_count_check),
        Check("He initialisation", he_check, proof="levels"),
        Check("ties", ties_check, proof="levels"),
    ),
    mistakes=MISTAKES["lenet_modern"],
    deviations=MODERN_DEVIATIONS,
    scripts=(tiny_run("train_lenet", "tiny_modern", "paper"),),
    overfit=Overfit(steps=60, loss=0.05, options={"lr": 0.01}),
    climb=climb("lenet_modern_numpy", "LeNetModern", lr=0.02),
    bench=bench("lenet_modern_numpy", "LeNetModern"),
    train_script="train_lenet",
)
LADDERS = {ladder.name: ladder for ladder in (LENET5, LENET5_MSE, LENET_MODERN)}
