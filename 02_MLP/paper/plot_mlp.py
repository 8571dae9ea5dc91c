"""The chapter's figures, written to `figures/`: `python 02_MLP/paper/plot_mlp.py [NAME...]`. Embedded data, no download."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import activations_numpy as act
import mlp_numpy
import numpy as np
import optimizers_numpy as opt
from linear_numpy import Linear
from logistic_numpy import CrossEntropyLoss
from module_numpy import Module
from symmetry_numpy import train_symmetry

from utils.data_loaders import load_dataset
from utils.figures.curves import curve_panels, curves
from utils.figures.layers import gradient_flow, histograms
from utils.figures.planes import decision_boundary, loss_surface
from utils.figures.saving import save
from utils.training_utils import streams

FIGURES = Path(__file__).parents[1] / "figures"
Array = np.ndarray


# ---- activations.md ----

ELEMENTWISE: dict[str, type[act.Activation]] = {
    "sigmoid": act.Sigmoid,
    "tanh": act.Tanh,
    "scaled tanh": act.ScaledTanh,
    "ReLU": act.ReLU,
    "leaky ReLU": act.LeakyReLU,
    "ELU": act.ELU,
    "GELU": act.GELU,
    "SiLU": act.SiLU,
}


def plot_activations(folder: Path) -> Path:
    """Every element-wise activation with its derivative."""
    x = np.linspace(-4.0, 4.0, 161)
    panels = {}
    for name, kind in ELEMENTWISE.items():
        layer = kind()
        y = layer.forward(x)
        panels[name] = {"f(x)": (x, y), "f'(x)": (x, layer.backward(np.ones_like(x)))}
    return save(curve_panels(panels, xlabel="x", title="Activations and their derivatives"), folder / "activations.svg")


def plot_gelu_difference(folder: Path) -> Path:
    """How far GPT-2's approximation is from the exact GELU."""
    x = np.linspace(-5.0, 5.0, 401)
    difference = act.GELUTanh().forward(x) - act.GELU().forward(x)
    figure = curves(
        {"tanh form minus exact form": (x, difference)}, xlabel="x", ylabel="difference", title="Two forms of GELU"
    )
    return save(figure, folder / "gelu_difference.svg")


def plot_softmax(folder: Path) -> Path:
    """Softmax of (z, 1, 0) as z grows, and the derivative of each output with respect to z."""
    z = np.linspace(-6.0, 8.0, 141)
    layer = act.Softmax()
    y = layer.forward(np.stack([z, np.ones_like(z), np.zeros_like(z)], axis=1))  # (141, 3)
    slopes = []
    for k in range(3):
        dy = np.zeros_like(y)
        dy[:, k] = 1.0
        slopes.append(layer.backward(dy)[:, 0])
    names = ("logit z", "logit 1", "logit 0")
    panels = {
        "output": {name: (z, y[:, k]) for k, name in enumerate(names)},
        "derivative with respect to z": {name: (z, slopes[k]) for k, name in enumerate(names)},
    }
    return save(curve_panels(panels, xlabel="z", columns=2, share=False, title="Softmax"), folder / "softmax.svg")


# ---- initialisation ----

RULES: dict[str, tuple[type[act.Activation], Callable[..., Array]]] = {
    "tanh, 1/√n": (act.Tanh, mlp_numpy.standard_uniform),
    "tanh, Glorot": (act.Tanh, mlp_numpy.glorot_uniform),
    "ReLU, 1/√n": (act.ReLU, mlp_numpy.standard_uniform),
    "ReLU, Glorot": (act.ReLU, mlp_numpy.glorot_uniform),
    "ReLU, He": (act.ReLU, mlp_numpy.he_normal),
}
DEPTH, WIDTH = 8, 256


class Deep(Module):
    """Linear and activation, `DEPTH` times, and a linear layer of ten outputs: a network to look into."""

    def __init__(
        self, activation: type[act.Activation], rule: Callable[..., Array], *, rng: np.random.Generator
    ) -> None:
        super().__init__()
        self.linears = [Linear(i, o, rng=rng) for i, o in pairwise((64, *[WIDTH] * DEPTH, 10))]
        self.activations = [activation() for _ in range(DEPTH)]
        for linear in self.linears:
            weight = linear.params["weight"]
            weight[...] = rule(weight.shape, rng=rng)

    def forward(self, x: Array) -> Array:
        self.signals = []  # the output of each layer, for the figures
        for linear, activation in zip(self.linears, self.activations, strict=False):
            x = activation.forward(linear.forward(x))
            self.signals.append(x)
        return self.linears[-1].forward(x)

    def backward(self, dy: Array) -> Array:
        self.flow = []  # the gradient that reaches each layer's output
        dy = self.linears[-1].backward(dy)
        for linear, activation in reversed(list(zip(self.linears, self.activations, strict=False))):
            self.flow.insert(0, dy)
            dy = linear.backward(activation.backward(dy))
        return dy


def standardised_digits() -> tuple[Array, Array]:
    data = load_dataset("digits", "train").arrays
    x = data["images"].reshape(len(data["images"]), -1).astype(np.float64)
    return (x - x.mean()) / x.std(), data["labels"]


def deep_networks() -> dict[str, Deep]:
    """One network for each rule, after a forward and a backward pass over 500 digits."""
    x, labels = (part[:500] for part in standardised_digits())
    networks = {}
    for name, (activation, rule) in RULES.items():
        net = networks[name] = Deep(activation, rule, rng=streams(0, "init")["init"])
        criterion = CrossEntropyLoss()
        criterion.forward(net.forward(x), labels)
        net.backward(criterion.backward())
    return networks


def plot_signal(folder: Path) -> Path:
    """The variance of each layer's output right after initialisation."""
    series = {name: (np.arange(1, DEPTH + 1), [s.var() for s in net.signals]) for name, net in deep_networks().items()}
    figure = curves(
        series, xlabel="layer", ylabel="variance of the output", log=True, title="Signal by layer, before training"
    )
    return save(figure, folder / "signal_by_layer.svg")


def plot_gradient_flow(folder: Path) -> Path:
    """The size of the gradient that reaches each layer, for each rule."""
    grads = {name: {str(i + 1): g for i, g in enumerate(net.flow)} for name, net in deep_networks().items()}
    return save(gradient_flow(grads, title="Gradient by layer"), folder / "gradient_flow.svg")


def plot_histograms(folder: Path) -> Path:
    """What the layers put out: the signal of the old rule dies, that of the new ones keeps its width."""
    networks = deep_networks()
    shown = {
        name: {f"layer {i + 1}": networks[name].signals[i] for i in (0, 2, 4, 7)}
        for name in ("tanh, 1/√n", "tanh, Glorot", "ReLU, He")
    }
    figure = histograms(shown, limits=(-1.5, 2.5), title="Outputs of the layers, before training")
    return save(figure, folder / "activation_histograms.svg")


# ---- training ----


def spirals(rng: np.random.Generator, n: int = 150) -> tuple[Array, Array]:
    """Two arms wound around each other. Returns: points (2n, 2), classes (2n,)"""
    t = np.sqrt(rng.uniform(0.02, 1.0, n)) * 3.0 * np.pi
    arm = np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / (3.0 * np.pi)  # (n, 2)
    x = np.concatenate([arm, -arm]) + rng.normal(size=(2 * n, 2)) * 0.02
    return x, np.repeat([0, 1], n)


def train_full_batch(model: Any, optimizer: Any, x: Array, labels: Array, steps: int) -> list[float]:
    """`steps` steps on all of the data. Returns: the loss before each."""
    return [mlp_numpy.training_step(model, optimizer, x, labels, None) for _ in range(steps)]


def plot_decision_boundary(folder: Path) -> list[Path]:
    """A 2-32-32-2 network on two spirals, at four moments of its training."""
    rng = streams(0, "init", "data")
    x, labels = spirals(rng["data"])
    model = mlp_numpy.MLP((2, 32, 32, 2), rng=rng["init"])
    optimizer = opt.Adam(model.params, lr=0.005)
    written, done = [], 0
    for moment in (0, 30, 80, 250):
        train_full_batch(model, optimizer, x, labels, moment - done)
        done = moment
        right = (model.forward(x).argmax(axis=1) == labels).mean()
        figure = decision_boundary(model.forward, x, labels, title=f"After {moment} steps: {right:.0%} right")
        written.append(save(figure, folder / f"decision_boundary_{moment}.png"))
    return written


OPTIMIZERS: dict[str, tuple[type[opt.Optimizer], dict[str, Any]]] = {
    "SGD": (opt.SGD, {"lr": 0.09}),
    "momentum": (opt.SGD, {"lr": 0.02, "momentum": 0.9}),
    "Nesterov": (opt.SGD, {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    "RMSprop": (opt.RMSprop, {"lr": 0.1, "alpha": 0.9}),
    "Adam": (opt.Adam, {"lr": 0.25}),
}


def plot_optimizer_paths(folder: Path) -> Path:
    """Five optimizers in a valley that is twenty times steeper across than along."""
    curvature = np.array([1.0, 20.0])
    paths = {}
    for name, (kind, options) in OPTIMIZERS.items():
        params = {"w": np.array([-4.0, 1.2])}
        optimizer = kind(params, **options)
        path = [params["w"].copy()]
        for _ in range(30):
            optimizer.step({"w": curvature * params["w"]})
            path.append(params["w"].copy())
        paths[name] = np.array(path)
    figure = loss_surface(
        lambda points: 0.5 * (points**2 @ curvature),
        paths,
        title="Thirty steps in a valley",
        limits=((-4.6, 1.6), (-1.6, 1.6)),
        levels=10,
        resolution=45,  # the rings are ellipses: more points make the file larger, and nothing else
    )
    return save(figure, folder / "optimizer_paths.svg")


def plot_optimizers(folder: Path) -> Path:
    """The six optimizers on the digits, same weights, whole training set at each step."""
    x, labels = standardised_digits()
    settings: dict[str, tuple[type[opt.Optimizer], dict[str, Any]]] = {
        "SGD 0.1": (opt.SGD, {"lr": 0.1}),
        "momentum 0.05": (opt.SGD, {"lr": 0.05, "momentum": 0.9}),
        "Nesterov 0.05": (opt.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
        "RMSprop 0.001": (opt.RMSprop, {"lr": 1e-3}),
        "Adam 0.003": (opt.Adam, {"lr": 3e-3}),
        "AdamW 0.003": (opt.AdamW, {"lr": 3e-3, "weight_decay": 0.1}),
    }
    series = {}
    for name, (kind, options) in settings.items():
        model = mlp_numpy.MLP((64, 32, 16, 10), rng=streams(0, "init")["init"])
        series[name] = train_full_batch(model, kind(model.params, **options), x, labels, 150)
    figure = curves(
        series, ylabel="training loss", log=True, title="Optimizers on the digits (learning rate in the legend)"
    )
    return save(figure, folder / "optimizers.svg")


def plot_symmetry(folder: Path) -> Path:
    """The symmetry network's error over the sweeps, from four initial weights."""
    series = {}
    for seed in (2, 3, 7, 1):
        _, _, errors = train_symmetry(np.random.default_rng(seed))
        every = np.arange(0, len(errors), 10)
        series[f"initial weights {seed}"] = (every, np.array(errors)[every])
    figure = curves(series, xlabel="sweep", ylabel="error (equation 3)", title="Learning to see symmetry")
    return save(figure, folder / "symmetry_error.svg")


PLOTS: dict[str, Callable[[Path], Any]] = {
    name.removeprefix("plot_"): value for name, value in list(globals().items()) if name.startswith("plot_")
}


def main(names: Sequence[str] = (), folder: Path = FIGURES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or PLOTS:
        if name not in PLOTS:
            raise SystemExit(f"no figure {name!r}; figures: {', '.join(PLOTS)}")
        print(PLOTS[name](folder))


if __name__ == "__main__":
    main(sys.argv[1:])
