"""The chapter's figures, written to `figures/`: `python plot_linear.py`. The weights as images need MNIST."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from linear_data import load_rows
from linear_numpy import GradientDescent, LinearRegression, MSELoss, training_step
from logistic_numpy import BCEWithLogitsLoss, CrossEntropyLoss, LogisticRegression, SoftmaxRegression, sigmoid
from regularized_numpy import lasso, ridge

from utils.data_loaders import load_dataset
from utils.figures.curves import curve_panels
from utils.figures.images import filters
from utils.figures.planes import decision_boundary, loss_surface
from utils.figures.saving import save
from utils.training_utils import Batches, streams

FIGURES = Path(__file__).parents[1] / "figures"
DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def plot_loss_surface(folder: Path) -> Path:
    """Squared error over the weights of two correlated features, and the path of gradient descent at two learning rates."""
    data = load_rows("diabetes", "train")
    x, y = data["inputs"][:, [2, 8]], data["targets"]  # body mass index and s5, correlation 0.45

    def loss(points: np.ndarray) -> np.ndarray:
        return ((x @ points.T - y) ** 2).mean(axis=0)

    paths = {}
    for lr in (0.05, 0.6):
        model = LinearRegression(2, 1, rng=streams(0, "init")["init"])
        model.params["linear.weight"][...] = [[-0.6, 1.1]]
        optimizer, criterion = GradientDescent(model.params, lr=lr), MSELoss()
        path = [model.params["linear.weight"][0].copy()]
        for _ in range(60):
            training_step(model, criterion, optimizer, x, y)
            path.append(model.params["linear.weight"][0].copy())
        paths[f"learning rate {lr}"] = np.array(path)
    figure = loss_surface(
        loss,
        paths,
        xlabel="weight of body mass index",
        ylabel="weight of s5",
        title="Squared error and descent (diabetes)",
    )
    return save(figure, folder / "loss_surface.png")


def plot_decision_boundary(folder: Path) -> Path:
    """Logistic regression on two measurements of the breast-cancer data."""
    data = load_rows("breast_cancer", "train")
    x, t = data["inputs"][:, [0, 6]], data["targets"]  # mean radius, mean concavity
    model = LogisticRegression(2, rng=streams(0, "init")["init"])
    optimizer, criterion = GradientDescent(model.params, lr=1.0), BCEWithLogitsLoss()
    for _ in range(500):
        criterion.forward(model.forward(x), t)
        model.zero_grads()
        model.backward(criterion.backward())
        optimizer.step(model.grads)
    figure = decision_boundary(
        lambda points: sigmoid(model.forward(points)),
        x,
        t.astype(int),
        names=load_dataset("breast_cancer", "train").class_names,
        xlabel="mean radius (standardised)",
        ylabel="mean concavity (standardised)",
        title="Logistic regression on two measurements",
    )
    return save(figure, folder / "decision_boundary.png")


def plot_regularisation_paths(folder: Path) -> Path:
    """The diabetes weights against the strength of the penalty: ridge shrinks all, the lasso selects."""
    data = load_rows("diabetes", "train")
    x, y = data["inputs"], data["targets"]
    strengths = np.logspace(-3, 0, 40)
    ridge_weights = np.array([ridge(x, y, len(x) * alpha)[0][0] for alpha in strengths])  # (40, 10)
    lasso_weights = np.array([lasso(x, y, alpha, tol=1e-9)[0][0] for alpha in strengths])
    shown = {name: DIABETES.index(name) for name in ("bmi", "bp", "sex", "s1", "s2", "s5")}
    exponent = np.log10(strengths)
    panels = {
        title: {name: (exponent, weights[:, column]) for name, column in shown.items()}
        for title, weights in (("ridge", ridge_weights), ("lasso", lasso_weights))
    }
    figure = curve_panels(panels, xlabel="log10 alpha", ylabel="weight", columns=2, title="Weights against the penalty")
    return save(figure, folder / "regularisation_paths.svg")


def plot_weights(folder: Path) -> Path:
    """The weights of softmax regression on MNIST, an image for each digit."""
    rows = load_rows("mnist", "train")
    rows["inputs"] = rows["inputs"].astype(np.float32)
    rng = streams(0, "init", "data")
    model = SoftmaxRegression(784, 10, rng=rng["init"], dtype=np.float32)
    optimizer, criterion = GradientDescent(model.params, lr=0.1), CrossEntropyLoss()
    batches = Batches(rows, 100, rng["data"])
    while batches.epoch < 5:
        for batch in batches:
            criterion.forward(model.forward(batch["inputs"]), batch["targets"])
            model.zero_grads()
            model.backward(criterion.backward())
            optimizer.step(model.grads)
    figure = filters(
        model.params["linear.weight"].reshape(10, 28, 28), title="Weights of softmax regression, digits 0 to 9"
    )
    return save(figure, folder / "weights.png")


FIGURE: dict[str, Callable[[Path], Path]] = {
    "loss_surface": plot_loss_surface,
    "decision_boundary": plot_decision_boundary,
    "regularisation_paths": plot_regularisation_paths,
    "weights": plot_weights,
}


def plot(folder: Path = FIGURES, only: tuple[str, ...] = ()) -> list[Path]:
    return [draw(folder) for name, draw in FIGURE.items() if not only or name in only]


if __name__ == "__main__":
    for path in plot(only=tuple(sys.argv[1:])):
        print(path.name)
