"""The drawings that theory.md explains with. `rungs refresh` writes each as figures/NAME.svg."""

from __future__ import annotations

import numpy as np
from logistic_numpy import sigmoid, softmax
from regularized_numpy import lasso, ridge, soft_threshold

from utils.figures.drawing import Drawing


def layer_shapes() -> str:
    """Forward X W^T, backward dY^T X and dY W, each as tables whose inner sides fit."""
    drawing = Drawing(
        236, "Forward, two examples pass through a 2 by 2 weight; backward, the same tables are multiplied anew"
    )
    x, weight = np.array([[1, 2], [3, 0]]), np.array([[1, -1], [2, 1]])
    dy = np.array([[1, 0], [1, -1]])
    top, step = 30, 76
    rows = (
        ("forward", (x, "X (B, D)", ""), (weight.T, "Wᵀ (D, K)", "blue"), (x @ weight.T, "Y (B, K)", "")),
        ("to W", (dy.T, "dYᵀ (K, B)", "red"), (x, "X (B, D)", ""), (dy.T @ x, "dW (K, D)", "red")),
        ("to X", (dy, "dY (B, K)", "red"), (weight, "W (K, D)", "blue"), (dy @ weight, "dX (B, D)", "red")),
    )
    for k, (words, *tables) in enumerate(rows):
        y = top + k * step
        drawing.text(0, y + 28, words, "start bold")
        for place, sign, (values, name, kind) in zip((66, 164, 262), ("", "·", "="), tables, strict=True):
            drawing.text(place - 10, y + 29, sign)
            drawing.matrix(place, y, values, name, cell=(38, 24), kind=kind)
    return drawing.svg()


def projection() -> str:
    """The targets as one arrow, the predictions as its shadow on the plane of the features."""
    drawing = Drawing(
        186, "The targets, their projection on the plane of all predictions, and the residual at a right angle"
    )
    origin, shadow, target = (70.0, 140.0), (232.0, 128.0), (232.0, 22.0)
    drawing.line(((14, 166), (272, 166), (336, 92), (90, 92)), "blue wash", closed=True)
    drawing.text(30, 180, "all predictions X w: a plane", "small blue start")
    drawing.arrow(origin, (178, 152), "blue")
    drawing.text(184, 160, "x₁", "small blue start")
    drawing.arrow(origin, (152, 104), "blue")
    drawing.text(158, 106, "x₂", "small blue start")
    drawing.arrow(origin, target, "")
    drawing.text(128, 62, "targets t", "end")
    drawing.arrow(origin, shadow, "green")
    drawing.text(238, 142, "p = X w*", "green start")
    drawing.arrow(shadow, target, "red dashed")
    drawing.text(240, 72, "residual t − p", "red start")
    drawing.line(((222, 128.8), (222, 118.8), (232, 118)), "thin")
    drawing.dot(*origin)
    return drawing.svg()


def sigmoid_slope() -> str:
    """The sigmoid above, its derivative below: 0.25 at most, next to nothing where it is flat."""
    drawing = Drawing(232, "The sigmoid and its derivative: flat at both ends, slope 0.25 in the middle")
    z = np.linspace(-7, 7, 71)
    s = sigmoid(z)
    plot = drawing.plot((14, 12, 336, 100), x=(-7, 7), y=(0, 1))
    plot.axes(ylabel="σ(z)", yticks=[1])
    plot.curve(z, s, "blue")
    slope = drawing.plot((14, 140, 336, 206), x=(-7, 7), y=(0, 0.25))
    slope.axes("z", xticks=[-6, -4, -2, 2, 4])
    slope.curve(z, s * (1 - s), "red")
    slope.text(0, 0.25, "σ′(z) = σ (1 − σ)", "small soft start", shift=(-150, 8))
    slope.text(0, 0.25, "0.25 at most", "small red start", shift=(24, 8))
    for at in (-5.0, 5.0):
        value = float(sigmoid(np.array(at)))
        plot.dot(at, value, "blue")
        slope.dot(at, value * (1 - value), "red")
        slope.text(at, 0, f"{value * (1 - value):.4f}", "small red", shift=(0, -12))
        plot.text(at, value, "saturated", "small soft", shift=(0, -10 if at < 0 else 20))
    return drawing.svg()


def penalties() -> str:
    """Rings of the squared error, and the ball of each penalty that they touch first: the diamond at a corner."""
    drawing = Drawing(
        196, "Ridge: rings of the error touch a circle off the axes. Lasso: they touch a diamond at its corner"
    )
    centre, curvature = np.array([1.0, 1.6]), np.array([[1.0, 0.55], [0.55, 1.6]])
    root = np.linalg.cholesky(curvature)  # rows x with x^T x = curvature n, so the solvers of the chapter can be used
    x = np.sqrt(2.0) * root.T
    x, y = np.concatenate([x, -x]), np.concatenate([x @ centre, -x @ centre])[:, np.newaxis]
    angle = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for left, name, weight in ((0, "ridge", ridge(x, y, 6.0)[0][0]), (178, "lasso", lasso(x, y, 1.5)[0][0])):
        plot = drawing.plot((left + 4, 24, left + 168, 188), x=(-1.2, 2.8), y=(-1.2, 2.8))
        drawing.text(left + 86, 14, name, "bold")
        plot.axes("w₁", "w₂")
        touch = float((weight - centre) @ curvature @ (weight - centre))
        for level in (0.12 * touch, 0.45 * touch, touch):
            ring = centre[:, np.newaxis] + np.sqrt(level) * np.linalg.solve(root.T, circle)
            plot.curve(ring[0], ring[1], "blue thin")
        if name == "ridge":
            ball = np.linalg.norm(weight) * circle
        else:
            ball = np.abs(weight).sum() * np.array([[1, 0, -1, 0], [0, 1, 0, -1]])
        plot.curve(ball[0], ball[1], "red wash", closed=True)
        plot.curve(ball[0], ball[1], "red", closed=True)
        plot.dot(centre[0], centre[1], "blue")
        plot.dot(weight[0], weight[1], "red", 4.5)
    return drawing.svg()


def proximal() -> str:
    """Two bowls with the kink of the penalty: the minimum of the near one is at the kink, exactly zero."""
    drawing = Drawing(
        212, "A bowl plus the penalty: around 1.4 the minimum moves to 0.8, around 0.4 it is exactly zero"
    )
    threshold = 0.6
    v = np.linspace(-0.8, 2.0, 71)
    for left, z in ((0, 1.4), (178, 0.4)):
        plot = drawing.plot((left + 8, 30, left + 168, 176), x=(-0.8, 2.0), y=(0, 1.9))
        plot.axes("v", xticks=[z])
        bowl, penalty = (v - z) ** 2 / 2, threshold * np.abs(v)
        for values, kind in ((bowl, "blue thin"), (penalty, "green dashed"), (bowl + penalty, "red")):
            inside = values <= 1.9
            plot.curve(v[inside], values[inside], kind)
        best = float(soft_threshold(np.array(z), threshold))
        height = (best - z) ** 2 / 2 + threshold * abs(best)
        plot.dot(best, height, "red", 4.5)
        drawing.text(left + 88, 14, f"z = {z}: minimum at {best:g}", "bold")
    drawing.text(8, 206, "bowl ½(v − z)²", "small blue start")
    drawing.text(178, 206, "penalty τ|v|, τ = 0.6", "small green")
    drawing.text(342, 206, "their sum", "small red end")
    return drawing.svg()


def jacobian() -> str:
    """diag(p) - p p^T for three logits: raising one logit takes from the others what it gives."""
    drawing = Drawing(160, "The Jacobian of the softmax of 2, 1, 0: positive on the diagonal, negative elsewhere")
    logits = np.array([2.0, 1.0, 0.0])
    p = softmax(logits)
    drawing.matrix(8, 40, logits[:, np.newaxis], "z", cell=(38, 32))
    drawing.arrow((52, 88), (82, 88))
    drawing.matrix(88, 40, p[:, np.newaxis], "p", form=".3f", cell=(52, 32), kind="blue")
    drawing.text(244, 16, "∂pᵢ/∂zⱼ = pᵢ([i = j] − pⱼ)", "small")
    drawing.box(166, 40, 180, 96)
    for (i, j), value in np.ndenumerate(np.diag(p) - np.outer(p, p)):
        kind = "green" if value > 0 else "red"
        drawing.box(166 + 60 * j, 40 + 32 * i, 60, 32)
        drawing.text(196 + 60 * j, 61 + 32 * i, f"{value:+.3f}".replace("-", "−"), kind)
    drawing.text(346, 154, "each row and column adds up to 0", "small soft end")
    return drawing.svg()


def two_losses() -> str:
    """The gradient at the logit, target 1: cross-entropy pulls hardest where the unit is most wrong."""
    drawing = Drawing(
        178,
        "Pull on the logit, target 1: where the unit is wrong, cross-entropy is strong and squared error weak",
    )
    z = np.linspace(-7, 7, 71)
    s = sigmoid(z)
    plot = drawing.plot((14, 16, 336, 142), x=(-7, 7), y=(0, 1.05))
    plot.axes("z", "", xticks=[-6, -4, -2, 2, 4], yticks=[1])
    plot.curve(z, 1 - s, "blue")
    plot.curve(z, 2 * (1 - s) * s * (1 - s), "red dashed")
    plot.text(-6.9, 0.8, "cross-entropy: 1 − s", "small blue start")
    plot.text(-6.9, 0.4, "squared error:", "small red start")
    plot.text(-6.9, 0.4, "2(1 − s) s (1 − s)", "small red start", shift=(0, 15))
    drawing.text(60, 174, "certain and wrong", "small soft")
    drawing.text(290, 174, "certain and right", "small soft")
    return drawing.svg()


DRAWINGS = {
    "layer_shapes": layer_shapes,
    "projection": projection,
    "sigmoid": sigmoid_slope,
    "penalties": penalties,
    "proximal": proximal,
    "jacobian": jacobian,
    "two_losses": two_losses,
}
