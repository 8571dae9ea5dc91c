"""The drawings that theory.md explains with. `rungs refresh` writes each as figures/NAME.svg."""

from __future__ import annotations

import numpy as np
from activations_numpy import ScaledTanh, Sigmoid, Tanh
from linear_numpy import Linear
from mlp_numpy import SquaredError, dropout_mask
from optimizers_numpy import Adam

from utils.figures.drawing import Drawing


def computation_graph() -> str:
    """A unit behind a unit: values forward above the arrows, gradients backward below them."""
    x, target = np.array([[2.0]]), np.array([[1.0]])
    layers = [
        Linear(1, 1, rng=np.random.default_rng(0)),
        Sigmoid(),
        Linear(1, 1, rng=np.random.default_rng(0)),
        SquaredError(),
    ]
    layers[0].params["weight"][...], layers[2].params["weight"][...] = 0.5, -1.0
    values = [x]
    for layer in layers[:3]:
        values.append(layer.forward(values[-1]))
    loss = layers[3].forward(values[-1], target)
    gradients = [layers[3].backward()]
    for layer in layers[2::-1]:
        gradients.append(layer.backward(gradients[-1]))
    gradients.reverse()  # to x, to a, to h, to y

    drawing = Drawing(
        214, "Values flow forward through two weights and a sigmoid, gradients flow back along the same edges"
    )
    boxes = (("× ½", "w₁"), ("σ", ""), ("× −1", "w₂"), ("½(y − t)²", "t = 1"))
    names = ("x", "a", "h", "y")
    left, width, gap, y = 36, 44, 38, 84
    for k, (words, below) in enumerate(boxes):
        place = left + k * (width + gap)
        wide = width if k < 3 else 68
        drawing.box(place, y, wide, 40, words)
        drawing.arrow((place - gap + 4, y + 12), (place - 3, y + 12), "blue")
        drawing.arrow((place - 3, y + 29), (place - gap + 4, y + 29), "red")
        drawing.text(place - gap / 2, y - 22, names[k], "bold")
        drawing.text(place - gap / 2, y - 6, _short(values[k]), "blue")
        drawing.text(place - gap / 2, y + 58, _short(gradients[k]), "red")
        drawing.text(place + wide / 2, y - 8, below, "small soft")
    drawing.text(left + 3 * (width + gap) + 34, y + 84, f"E = {loss:.3f}", "bold")
    drawing.text(4, 20, "forward: values", "blue start")
    drawing.text(346, 20, "backward: ∂E/∂ of each value", "red end")
    first, second = layers[0].grads["weight"], layers[2].grads["weight"]
    drawing.text(left + width / 2, y + 84, f"∂E/∂w₁ = {_short(first)}", "small red")
    drawing.text(left + 2 * (width + gap) + width / 2, y + 84, f"∂E/∂w₂ = {_short(second)}", "small red")
    drawing.text(175, y + 116, "a weight's gradient: what comes back × what came in", "small soft")
    return drawing.svg()


def symmetric_start() -> str:
    """Two hidden units with equal weights, and equal gradients; then with different ones."""
    drawing = Drawing(212, "Equal weights give equal gradients, so two units stay one; different weights let them part")
    for left, title, (first, second) in ((0, "equal at the start", (0.5, 0.5)), (180, "drawn at random", (0.7, -0.3))):
        grads = _hidden_gradients(first, second)
        drawing.text(left + 82, 14, title, "bold")
        source, units, sink = (left + 16, 104), ((left + 84, 72), (left + 84, 136)), (left + 152, 104)
        for (x, y), weight, grad, kind in zip(units, (first, second), grads, ("blue", "green"), strict=True):
            same = "blue" if first == second else kind
            drawing.arrow((source[0] + 8, source[1]), (x - 14, y), same)
            drawing.arrow((x + 14, y), (sink[0] - 8, sink[1]), same)
            drawing.dot(x, y, same, 11)
            above = y < source[1]
            drawing.text(x, y - 33 if above else y + 26, f"w = {weight:g}".replace("-", "−"), f"small {same}")
            drawing.text(x, y - 18 if above else y + 41, f"dw = {grad:+.3f}".replace("-", "−"), "small red")
        for point, words in ((source, "x"), (sink, "y")):
            drawing.dot(*point, "", 5)
            drawing.text(point[0], point[1] - 12, words, "small")
    drawing.text(82, 206, "one unit, twice, forever", "small soft")
    drawing.text(262, 206, "each goes its own way", "small soft")
    return drawing.svg()


def _hidden_gradients(first: float, second: float) -> list[float]:
    """The gradients of two hidden weights of a 1-2-1 network of tanh units, x = 1, target 1."""
    hidden, tanh, output = (
        Linear(1, 2, rng=np.random.default_rng(0)),
        Tanh(),
        Linear(2, 1, rng=np.random.default_rng(0)),
    )
    hidden.params["weight"][...] = [[first], [second]]
    output.params["weight"][...] = [[first, second]]
    criterion = SquaredError()
    criterion.forward(output.forward(tanh.forward(hidden.forward(np.array([[1.0]])))), np.array([[1.0]]))
    hidden.backward(tanh.backward(output.backward(criterion.backward())))
    return hidden.grads["weight"].ravel().tolist()


def bias_correction() -> str:
    """Adam's running mean of a constant gradient 1, as it is and corrected."""
    drawing = Drawing(
        178, "A gradient of 1 at every step: the running mean creeps up from 0, the corrected mean is 1 at once"
    )
    params = {"w": np.zeros(1)}
    optimizer, raw = Adam(params), []
    steps = np.arange(1, 31)
    for _ in steps:
        optimizer.step({"w": np.ones(1)})
        raw.append(float(optimizer.state["exp_avg"]["w"][0]))
    plot = drawing.plot((36, 18, 338, 142), x=(0, 30), y=(0, 1.1))
    plot.axes("step t", xticks=[1, 10, 20], yticks=[0.1, 1])
    plot.curve(steps, raw, "blue")
    plot.curve(steps, np.array(raw) / (1 - 0.9**steps), "red")
    for step in (1, 10, 20, 30):
        plot.dot(step, raw[step - 1], "blue")
        plot.dot(step, 1.0, "red")
    plot.text(11, 0.42, "m: starts at 0, and is too small", "small blue start")
    plot.text(30, 1.0, "m / (1 − 0.9ᵗ): a mean from the first step on", "small red end", shift=(0, -8))
    return drawing.svg()


def dropout_masks() -> str:
    """Three masks for the same hidden values; in evaluation none, and the same mean."""
    drawing = Drawing(
        196, "Three training steps drop different units and double the others; evaluation keeps all as they are"
    )
    values = np.array([1.0, 2.0, 1.0, 3.0, 2.0, 1.0])
    rng = np.random.default_rng(5)
    rows = [(f"step {k + 1}", dropout_mask(values.shape, 0.5, rng=rng)) for k in range(3)]
    drawing.text(96 + 108, 14, "h · mask, p = ½", "bold")
    drawing.text(346, 14, "mean", "small soft end")
    for k, (name, mask) in enumerate([*rows, ("evaluation", np.ones(6))]):
        y = 26 + 42 * k
        drawing.text(4, y + 20, name, "start")
        for place, (value, factor) in enumerate(zip(values, mask, strict=True)):
            x = 82 + 36 * place
            drawing.box(x, y, 32, 30)
            if factor == 0:
                drawing.line(((x + 4, y + 4), (x + 28, y + 26)), "red")
                drawing.line(((x + 28, y + 4), (x + 4, y + 26)), "red")
            else:
                drawing.text(x + 16, y + 20, f"{value * factor:g}", "blue" if k < 3 else "")
        drawing.text(346, y + 20, f"{(values * mask).mean():.2f}", "end")
    return drawing.svg()


def tanh_saturation() -> str:
    """tanh with targets at its asymptotes, and the scaled one that reaches them at x = 1; slopes below."""
    drawing = Drawing(
        254, "The plain tanh only approaches targets of 1 and −1; the scaled one passes through them, still steep"
    )
    x = np.linspace(-4, 4, 81)
    plain, scaled = Tanh(), ScaledTanh()
    plot = drawing.plot((12, 12, 338, 132), x=(-4, 4), y=(-1.75, 1.75))
    plot.axes(xticks=[], yticks=[])
    for target in (-1, 1):
        plot.curve([-4, 4], [target, target], "dashed thin")
    plot.text(-4, 1, "target 1", "small soft start", shift=(0, -6))
    plot.text(4, -1, "target −1", "small soft end", shift=(0, 16))
    slopes = drawing.plot((12, 164, 338, 226), x=(-4, 4), y=(0, 1.2))
    slopes.axes("x", xticks=[-3, -2, -1, 1, 2, 3])
    slopes.text(-4, 1.2, "slope", "small soft start", shift=(0, 8))
    for layer, kind in ((plain, "red"), (scaled, "blue")):
        plot.curve(x, layer.forward(x), kind)
        slopes.curve(x, layer.backward(np.ones_like(x)), kind)
    plot.dot(1, 1, "blue")
    plot.dot(-1, -1, "blue")
    slope = float(scaled.df(np.array(1.0), np.array(1.0)))
    slopes.dot(1, slope, "blue")
    slopes.text(1, slope, f"{slope:.2f} at the target", "small blue start", shift=(8, -3))
    plot.text(4, 1.75, "1.7159 tanh ⅔x", "small blue end", shift=(0, 2))
    plot.text(4, 0.6, "tanh x", "small red end", shift=(-30, 4))
    slopes.text(3, 0.0, "0.01", "small red", shift=(0, -6))
    return drawing.svg()


def _short(value: np.ndarray) -> str:
    return f"{value.item():.3g}".replace("-", "−")


DRAWINGS = {
    "computation_graph": computation_graph,
    "symmetric_start": symmetric_start,
    "bias_correction": bias_correction,
    "dropout_masks": dropout_masks,
    "tanh_saturation": tanh_saturation,
}
