"""The contract of chapter 02: the modern perceptron and the one of 1998, each at every level."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from mlp_checks import OPTIMIZERS, count_check, dropout_check, init_check, optimizer_check, sklearn_check
from mlp_layers import LAYERS_1998, MLP_LAYERS
from mlp_levels import (
    DROPOUT,
    MLP_TRACE,
    TRACE_1998,
    lowlevel_mlp,
    lowlevel_mlp1998,
    masked_batch,
    numpy_mlp,
    numpy_mlp1998,
    paper_mlp,
    paper_mlp1998,
    plain_batch,
    random_params,
    with_masks,
)
from mlp_references import SEQUENTIAL, SEQUENTIAL_1998

from utils.classification import accuracy
from utils.digits import DIGITS, digit_batches, digits
from utils.ladder import Batch, Bench, Check, Climb, Deviation, Ladder, Overfit
from utils.parity.planting import load_mistakes
from utils.proofs import fresh_params
from utils.scripts import tiny_run

MISTAKES = load_mistakes(Path(__file__).parent)


# ---- real data without a network: the digits of scikit-learn ----


# in the range [-0.1, 1.175] that LeCun et al. 1998 use
flat_digits = partial(digits, flat=True, scale=lambda grey: grey / 16.0 * 1.275 - 0.1)


def masked_digits(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    for batch in digit_batches(flat_digits("train"), 50, rng, steps):
        yield with_masks(batch, CLIMB_SIZES[1:-1], 0.1, rng)


CLIMB_SIZES = (64, 32, 16, 10)
MNIST_SIZES = (784, 300, 100, 10)


def mnist_sized(rng: np.random.Generator, masks: bool) -> Batch:
    batch = {"images": rng.normal(size=(64, 784)).astype(np.float32), "labels": rng.integers(0, 10, 64)}
    return with_masks(batch, MNIST_SIZES[1:-1], DROPOUT, rng) if masks else batch


# ---- the ladders ----

MLP = Ladder(
    name="mlp",
    chapter="02",
    paper="Rumelhart, Hinton, Williams 1986; Glorot, Bengio 2010; He, Zhang, Ren, Sun 2015; Srivastava et al. 2014",
    init=random_params,
    batch=masked_batch,
    modules={"numpy": "mlp_numpy", "pytorch_lowlevel": "mlp_lowlevel", "paper": "mlp_paper"},
    builders={"numpy": numpy_mlp, "pytorch_lowlevel": lowlevel_mlp, "paper": paper_mlp},
    references={"torch.nn.Sequential": SEQUENTIAL},
    activations=MLP_TRACE,
    layers=MLP_LAYERS,
    checks=(
        *(optimizer_check(title) for title in OPTIMIZERS),
        Check("initialisation statistics", init_check, proof="levels"),
        Check("dropout", dropout_check, proof="levels"),
        Check("scikit-learn MLPClassifier", sklearn_check),
    ),
    mistakes=MISTAKES["mlp"],
    deviations=(
        Deviation(
            "Dropout takes its mask as an input; nn.Dropout draws it from the global random stream.",
            "All levels must see the same draw. Given nn.Dropout's own draw, ours is equal to it.",
            "check: dropout",
        ),
        Deviation(
            "Initial weights follow He's rule; torch.nn.Linear's default is U(+-1/sqrt fan_in), Glorot's equation 1.",
            "The default has a sixth of the variance that a ReLU network needs to keep its signal.",
            "check: initialisation statistics",
        ),
        Deviation(
            "The output layer is drawn by He's rule too, though no ReLU follows it.",
            "One rule for every layer; He et al. 2015 note that the factor of one layer does not matter.",
            "check: initialisation statistics",
        ),
        Deviation(
            "GELU's erf is a table with a Taylor step, since NumPy has none.",
            "A loop over math.erf takes several times as long.",
            "02_MLP/numpy/test_activations_numpy.py::test_erf_is_the_error_function",
        ),
    ),
    scripts=tuple(tiny_run("train_mlp", "tiny", level, "epochs=1") for level in ("paper", "numpy")),
    overfit=Overfit(steps=150, loss=0.2, options={"lr": 0.03}),
    climb=Climb(
        dataset=DIGITS,
        batches=masked_digits,
        test=lambda: flat_digits("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh_params("mlp_numpy", "MLP", CLIMB_SIZES),
        steps=400,
        options={"lr": 3e-3},
    ),
    bench=Bench(
        init=fresh_params("mlp_numpy", "MLP", MNIST_SIZES, dtype=np.float32),
        batch=lambda rng: mnist_sized(rng, masks=True),
        what="784-300-100-10, batch 64, dropout, AdamW",
    ),
    train_script="train_mlp",
)

MLP1998 = Ladder(
    name="mlp1998",
    chapter="02",
    paper="LeCun, Bottou, Bengio, Haffner 1998, sections III-C.5 and C.6, Appendix A",
    init=random_params,
    batch=plain_batch,
    modules={"numpy": "mlp_numpy", "pytorch_lowlevel": "mlp_lowlevel", "paper": "mlp_paper"},
    builders={"numpy": numpy_mlp1998, "pytorch_lowlevel": lowlevel_mlp1998, "paper": paper_mlp1998},
    references={"torch.nn.Linear and Tanh": SEQUENTIAL_1998},
    activations=TRACE_1998,
    layers=LAYERS_1998,
    checks=(
        Check("initialisation statistics", init_check, proof="levels"),
        Check("parameter count", count_check),
    ),
    mistakes=MISTAKES["mlp1998"],
    deviations=(
        Deviation(
            "Plain gradient descent in mini-batches of 10, learning rate 0.04, 0.012, 0.004; the paper takes one example at"
            " a time and scales each weight's step by an estimate of the second derivative.",
            "Plain steps are what this chapter derives. The results say how far they come: above the paper's figures.",
            "02_MLP/paper/test_train_mlp.py::test_the_schedule_of_1998",
        ),
        Deviation(
            "The two-layer network that the text calls 28x28-1000-150-10 stands in the paper's figure 9 as 28x28-500-150-10.",
            "We train 28x28-300-100-10, where the text and the figure agree.",
            "check: parameter count",
        ),
        Deviation(
            "The loss is the mean over the batch of 1/2 sum (y - t)^2; the papers sum over the examples.",
            "A learning rate then means the same at every batch size.",
            "02_MLP/numpy/test_mlp_numpy.py::test_squared_error_is_the_papers_up_to_the_batch_size",
        ),
    ),
    scripts=(tiny_run("train_mlp", "tiny1998", "pytorch_lowlevel", "epochs=1"),),
    overfit=Overfit(steps=400, loss=0.5, options={"lr": 0.1}),
    climb=Climb(
        dataset=DIGITS,
        batches=lambda rng, steps: digit_batches(flat_digits("train"), 50, rng, steps),
        test=lambda: flat_digits("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh_params("mlp_numpy", "MLP1998", CLIMB_SIZES),
        steps=400,
        options={"lr": 0.1},
    ),
    bench=Bench(
        init=fresh_params("mlp_numpy", "MLP1998", MNIST_SIZES, dtype=np.float32),
        batch=lambda rng: mnist_sized(rng, masks=False),
        what="784-300-100-10, batch 64, SGD",
    ),
    train_script="train_mlp",
)

LADDERS = {"mlp": MLP, "mlp1998": MLP1998}
