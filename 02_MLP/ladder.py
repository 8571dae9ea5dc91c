"""The contract of chapter 02: the modern perceptron and the one of 1998, each at every level."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from mlp_checks import (
    OPTIMIZERS,
    count_check,
    dropout_check,
    init_check,
    module_check,
    optimizer_check,
    sklearn_check,
    symmetry_check,
    training_step_check,
)
from mlp_layers import LAYERS_1998, MLP_LAYERS
from mlp_levels import (
    MLP_TRACE,
    SIZES,
    TRACE_1998,
    LowMLP,
    LowMLP1998,
    NumpyMLP,
    NumpyMLP1998,
    PaperMLP,
    PaperMLP1998,
    dropout_noise,
    plain_batch,
)
from mlp_references import Sequential, Sequential1998

from utils.classification import accuracy
from utils.digits import DIGITS, digit_batches, digits
from utils.ladder import Batch, Bench, Check, Climb, Deviation, Ladder, Overfit
from utils.parity.planting import load_mistakes
from utils.scripts import tiny_run

MISTAKES = load_mistakes(Path(__file__).parent)
MODULES = {"numpy": "mlp_numpy", "pytorch_lowlevel": "mlp_lowlevel", "paper": "mlp_paper"}


# ---- sizes for the climb and the benchmark ----

CLIMB_SIZES = (64, 32, 16, 10)
MNIST_SIZES = (784, 300, 100, 10)


def flat_digits(split: str) -> Batch:
    """Pixels between -0.1 and 1.175, the range that LeCun et al. 1998 use. Returns: images (N, 64), labels (N,)"""
    return digits(split, flat=True, scale=lambda grey: grey / 16.0 * 1.275 - 0.1)


def mnist_sized(rng: np.random.Generator) -> Batch:
    return {"images": rng.normal(size=(64, 784)), "labels": rng.integers(0, 10, 64)}


climb = partial(
    Climb,
    dataset=DIGITS,
    batches=lambda rng, steps: digit_batches(flat_digits("train"), 50, rng, steps),
    test=lambda: flat_digits("test"),
    metric="accuracy",
    score=accuracy,
    steps=400,
)


# ---- the ladders ----

MLP = Ladder(
    paper="Rumelhart, Hinton, Williams 1986; Glorot, Bengio 2010; He, Zhang, Ren, Sun 2015; Srivastava et al. 2014",
    sizes={"sizes": SIZES},
    data=plain_batch,
    noise=dropout_noise,
    modules=MODULES,
    builders={"numpy": NumpyMLP, "pytorch_lowlevel": LowMLP, "paper": PaperMLP},
    reference_builders={"torch.nn.Sequential": Sequential},
    inputs=("images",),
    activations=MLP_TRACE,
    layers=MLP_LAYERS,
    checks=(
        *(optimizer_check(title) for title in OPTIMIZERS),
        Check("initialisation statistics", init_check, proof="levels"),
        Check("dropout", dropout_check, proof="levels"),
        Check("module", module_check, proof="levels"),
        Check("training step", training_step_check, proof="training"),
        Check("symmetry", symmetry_check, proof="training"),
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
    scripts=(
        tiny_run("train_mlp", "tiny", "paper", "epochs=1"),
        tiny_run("train_mlp", "tiny", "numpy", "epochs=1"),
    ),
    overfit=Overfit(steps=150, loss=0.2, options={"lr": 0.02}),
    climb=climb(sizes={"sizes": CLIMB_SIZES}, options={"lr": 3e-3}),  # with the ladder's dropout
    bench=Bench(
        batch=mnist_sized,
        sizes={"sizes": MNIST_SIZES},
        what="784-300-100-10, batch 64, dropout, AdamW",
    ),
    train_script="train_mlp",
)

MLP1998 = Ladder(
    paper="LeCun, Bottou, Bengio, Haffner 1998, sections III-C.5 and C.6, Appendix A",
    sizes={"sizes": SIZES},
    data=plain_batch,
    modules=MODULES,
    builders={"numpy": NumpyMLP1998, "pytorch_lowlevel": LowMLP1998, "paper": PaperMLP1998},
    reference_builders={"torch.nn.Linear and Tanh": Sequential1998},
    inputs=("images",),
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
            "The text calls the two-layer network 28x28-1000-150-10; the paper's figure 9 labels it 28x28-500-150-10.",
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
    climb=climb(sizes={"sizes": CLIMB_SIZES}, options={"lr": 0.1}),
    bench=Bench(
        batch=mnist_sized,
        sizes={"sizes": MNIST_SIZES},
        what="784-300-100-10, batch 64, SGD",
    ),
    train_script="train_mlp",
)

LADDERS = {"mlp": MLP, "mlp1998": MLP1998}
