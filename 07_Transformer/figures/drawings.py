"""The drawings that the theory pages explain with. `rungs refresh` writes each as figures/NAME.svg."""

from __future__ import annotations

import math

import numpy as np
from attention_numpy import softmax
from schedule_numpy import transformer_schedule

from utils.figures.drawing import WIDTH, Drawing, Point


def lookup() -> str:
    """One query, three keys: a dictionary needs an equal key, attention blends the values by likeness."""
    drawing = Drawing(
        268, "A dictionary finds no equal key; attention blends all values, the closest keys weighing most"
    )
    keys, values, query = np.array([1.0, 2.0, 4.0]), (10, 20, 40), 2.2
    weights = softmax(-((keys - query) ** 2)[None])[0]
    drawing.text(8, 16, "dictionary: is a key equal to 2.2?", "bold start")
    drawing.text(8, 146, "attention: how near is each key to 2.2?", "bold start")
    for k, (key, value, weight) in enumerate(zip(keys, values, weights, strict=True)):
        for top in (26, 156):
            y = top + 30 * k
            drawing.box(84, y, 62, 24, f"key {key:g}")
            drawing.box(204, y, 62, 24, f"{value}")
        drawing.text(175, 26 + 30 * k + 16, "no", "small red")
        drawing.line(((146, 168 + 30 * k), (204, 168 + 30 * k)), "thin")
        drawing.box(150, 160 + 30 * k, 50 * weight, 16, kind="solid blue")
        drawing.text(40, 172 + 30 * k, f"weight {weight:.2f}", "small blue")
    drawing.text(308, 68, "KeyError", "red")
    blend = float(weights @ np.array(values))
    drawing.arrow((270, 198), (288, 198), "blue")
    drawing.text(316, 202, f"{blend:.1f}", "bold blue")
    drawing.text(
        WIDTH / 2, 260, f"{' + '.join(f'{w:.2f} · {v}' for w, v in zip(weights, values, strict=True))}", "small"
    )
    return drawing.svg()


def softmax_jacobian() -> str:
    """diag(a) - a a' for three weights, with what each row says."""
    weights = np.array([0.2, 0.3, 0.5])
    jacobian = np.diag(weights) - np.outer(weights, weights)
    drawing = Drawing(158, "The Jacobian of a softmax: positive on the diagonal, negative beside it; rows sum to zero")
    drawing.text(176, 14, "what happens to each weight", "small soft")
    for column, weight in enumerate(weights):
        drawing.text(110 + 66 * column + 33, 34, f"a{'₁₂₃'[column]} = {weight:g}", "small")
    for row in range(3):
        y = 42 + 32 * row
        drawing.text(100, y + 20, f"push on s{'₁₂₃'[row]}", "small end")
        for column in range(3):
            value = jacobian[row, column]
            kind = "green" if value > 0 else "red"
            drawing.box(110 + 66 * column, y, 62, 28)
            drawing.text(141 + 66 * column, y + 18.5, f"{value:+.2f}".replace("-", "−"), kind)
        drawing.text(330, y + 19, "Σ = 0", "small soft")
    drawing.text(WIDTH / 2, 152, "green: gains · red: gives up", "small soft")
    return drawing.svg()


def masks() -> str:
    """A causal mask with padding, and the one row that a cached step needs."""
    drawing = Drawing(196, "A causal mask with a padded key, and the last row of the triangle for a step with a cache")
    words = ("the", "dog", "bites", "pad")
    drawing.text(112, 14, "training: 4 queries", "bold")
    drawing.text(278, 14, "with a cache: 1", "bold")
    for column, word in enumerate(words):
        drawing.text(65 + 30 * column, 34, word, "small soft")
        drawing.text(36, 58 + 30 * column, word, "small soft end")
        for row in range(4):
            _cell(drawing, 50 + 30 * column, 40 + 30 * row, visible=column <= row and column < 3)
    for column, word in enumerate(("the", "dog", "bites", "man")):
        drawing.text(233 + 30 * column, 118, word, "small soft")
        for row in range(3):
            drawing.line(_square(218 + 30 * column, 34 + 22 * row, 26, 18), "thin dashed", closed=True)
        _cell(drawing, 218 + 30 * column, 124, visible=True)
    drawing.text(278, 173, "the new query, “man”", "small")
    drawing.text(WIDTH / 2, 190, "✓ may look · × score set to −∞", "small soft")
    return drawing.svg()


def heads() -> str:
    """X times one matrix, cut into two heads, attended apart, joined."""
    drawing = Drawing(216, "One product makes the queries of all heads; a reshape cuts them; the outputs are joined")
    colours = ("blue", "red")
    drawing.text(40, 14, "X: 3 words", "small soft")
    for row in range(3):
        drawing.box(8, 22 + 22 * row, 64, 20, f"word {row + 1}")
    drawing.text(89, 58, "·", "bold")
    drawing.text(131, 14, "weights", "small soft")
    for head, colour in enumerate(colours):
        drawing.box(106, 22 + 33 * head, 50, 31, kind=f"wash {colour}")
        drawing.text(131, 42 + 33 * head, f"head {head + 1}", f"small {colour}")
    drawing.arrow((160, 55), (184, 55))
    drawing.text(266, 14, "queries, 2 + 2 columns", "small soft")
    for row in range(3):
        for column in range(4):
            colour = colours[column // 2]
            drawing.box(192 + 38 * column, 22 + 22 * row, 36, 20, kind=f"wash {colour}")
            drawing.text(210 + 38 * column, 36 + 22 * row, f"{row + 1}{column + 1}", f"small {colour}")
    drawing.arrow((230, 92), (110, 122), "blue")
    drawing.arrow((306, 92), (262, 122), "red")
    for head, colour in enumerate(colours):
        left = 34 + 164 * head
        drawing.box(left, 124, 118, 36, kind=f"wash {colour}")
        drawing.text(left + 59, 147, f"attention, head {head + 1}", f"small {colour}")
        drawing.arrow((left + 59, 162), (WIDTH / 2 - 30 + 60 * head, 184), colour)
    drawing.box(105, 186, 140, 26, "joined, times Wᴼ")
    return drawing.svg()


def layernorm_projection() -> str:
    """x onto the plane of mean zero, then onto the circle; the gradient keeps its part along the circle."""
    drawing = Drawing(262, "Layer normalisation: project onto the plane of mean zero, scale to the circle")
    plot = drawing.plot((20, 6, 330, 250), x=(-2.2, 2.7), y=(-1.4, 2.45))
    angle = np.linspace(0, 2 * math.pi, 73)
    tilt = 0.38  # the circle lies in the plane and is seen from the side
    plane = np.array([(-1.9, -0.95), (1.5, -0.95), (2.3, 0.75), (-1.1, 0.75)])
    plot.curve(plane[:, 0], plane[:, 1], "thin", closed=True)
    plot.text(-1.05, 0.75, "plane: mean 0", "small soft start", shift=(4, -6))
    plot.curve(np.cos(angle), tilt * np.sin(angle), "blue", closed=True)
    plot.arrow((0, 0), (0, 2.2))
    plot.text(0, 2.2, "all ones: the mean", "small soft start", shift=(8, 6))
    foot, unit = (1.5, 0.35), (0.86, 0.2)
    x = (foot[0], foot[1] + 1.35)
    plot.arrow((0, 0), x, "bold")
    plot.text(*x, "x", "bold", shift=(10, 2))
    plot.curve([x[0], foot[0]], [x[1], foot[1]], "dashed")
    plot.text(foot[0], (x[1] + foot[1]) / 2, "− μ", "small start", shift=(6, 4))
    plot.arrow((0, 0), foot, "dashed")
    plot.text(*foot, "÷ s", "small start", shift=(4, 14))
    plot.dot(*unit, "blue", 4.5)
    plot.text(*unit, "x̂", "bold blue", shift=(-10, 17))
    plot.arrow(unit, (unit[0] + 0.42, unit[1] - 0.26), "red")
    plot.text(0.85, -0.5, "what is left of g", "small red")
    return drawing.svg()


def position_clock() -> str:
    """Three hands, fast to slow, at the first four positions."""
    drawing = Drawing(150, "Three hands of a clock at positions 0 to 3: fast, slow, almost still")
    for hand, rate in enumerate(10000.0 ** -(np.arange(3) * 2 / 6)):
        middle = (62 + 113 * hand, 62)
        drawing.line([_on_circle(middle, 46, a) for a in np.linspace(0, 2 * math.pi, 61)], "thin", closed=True)
        for position in range(4):
            kind = ("blue", "", "", "red")[position]
            drawing.arrow(middle, _on_circle(middle, 44, rate * position), kind)
            if hand == 0:
                x, y = _on_circle(middle, 54, rate * position)
                drawing.text(x, y + 4, str(position), f"small {kind}")
        if hand:
            drawing.text(middle[0] + 18, 52, "0 to 3", "small soft")
        drawing.text(middle[0], 134, f"ω = {rate:.3g}", "small")
    return drawing.svg()


def shifted_target() -> str:
    """The same sentence as input and, one position earlier, as labels."""
    drawing = Drawing(176, "Teacher forcing: the decoder's input is the target shifted by one position")
    words = ("bos", "the", "dog", "bites", "eos")
    for t in range(4):
        x = 66 + 72 * t
        drawing.box(x, 122, 62, 26, words[t])
        drawing.arrow((x + 31, 120), (x + 31, 92))
        drawing.arrow((x + 31, 64), (x + 31, 42))
        drawing.box(x, 14, 62, 26, words[t + 1])
        if t:
            drawing.arrow((x - 72 + 46, 38), (x + 12, 120), "thin dashed")
    drawing.box(66, 64, 278, 28, "decoder, causal mask")
    drawing.text(58, 31, "labels", "small end green")
    drawing.text(58, 139, "input", "small end blue")
    drawing.text(205, 168, "dashed: the right word, whatever was predicted", "small soft")
    return drawing.svg()


def warmup() -> str:
    """Equation 3 for the base model: the smaller of a line and a root."""
    drawing = Drawing(182, "The learning rate rises in a straight line for 4,000 steps and falls with the root")
    plot = drawing.plot((34, 14, 334, 148), x=(0, 16_000), y=(0, 1.0))
    plot.axes("step", "learning rate, thousandths", xticks=[4000, 8000, 12_000], yticks=[0.5])
    steps = np.arange(100, 16_001, 100)
    line, root = steps * 4000**-1.5 * 512**-0.5 * 1000, steps**-0.5 * 512**-0.5 * 1000
    plot.curve(steps[line < 0.82], line[line < 0.82], "dashed")
    plot.curve(steps[root < 0.82], root[root < 0.82], "dashed")
    plot.curve(steps, [1000 * transformer_schedule(int(step), 512) for step in steps], "blue")
    peak = 1000 * transformer_schedule(4000, 512)
    plot.dot(4000, peak, "blue")
    plot.text(4000, peak, f"peak {peak:.2f}, where both are equal", "small blue start", shift=(10, -4))
    plot.text(900, 0.3, "warm-up", "small soft start", shift=(26, 22))
    plot.text(16_000, 0.35, "1 / √step", "small soft end", shift=(0, -12))
    return drawing.svg()


def online_softmax() -> str:
    """Two tiles of one row: the running maximum, the sum, the mixture."""
    scores, values = np.array([1.0, 2.0, 3.0, 0.0]), np.array([10.0, 20.0, 30.0, 40.0])
    drawing = Drawing(214, "One row of scores in two tiles: when a larger score turns up, the old sums are shrunk")
    drawing.text(44, 32, "scores", "small end")
    for j, score in enumerate(scores):
        x = 54 + 66 * j + 24 * (j // 2)
        drawing.box(x, 16, 62, 24, f"{score:g}", "wash blue" if j < 2 else "wash red")
    drawing.text(118, 58, "tile 1", "small blue")
    drawing.text(274, 58, "tile 2", "small red")
    top, total, mixed = -np.inf, 0.0, 0.0
    for tile, colour in enumerate(("blue", "red")):
        part = slice(2 * tile, 2 * tile + 2)
        new = max(top, float(scores[part].max()))
        old, e = math.exp(top - new), np.exp(scores[part] - new)
        total, mixed, top = old * total + float(e.sum()), old * mixed + float(e @ values[part]), new
        x = 54 + 156 * tile
        for row, words in enumerate((f"max {top:g}", f"sum {total:.2f}", f"mix {mixed:.1f}")):
            drawing.box(x, 72 + 30 * row, 128, 26, words)
        drawing.arrow((118 + 156 * tile, 62), (118 + 156 * tile, 71), colour)
    for row in range(1, 3):
        drawing.arrow((183, 85 + 30 * row), (209, 85 + 30 * row))
    drawing.text(196, 178, "old sums × e^(2 − 3) = 0.37", "small")
    drawing.text(WIDTH / 2, 204, f"answer: mix / sum = {mixed / total:.1f}", "bold")
    return drawing.svg()


def _cell(drawing: Drawing, x: float, y: float, *, visible: bool) -> None:
    drawing.box(x, y, 28, 28, kind="wash green" if visible else "wash red")
    drawing.text(x + 14, y + 19, "✓" if visible else "×", "green" if visible else "red")


def _square(x: float, y: float, width: float, height: float) -> list[Point]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _on_circle(middle: Point, radius: float, angle: float) -> Point:
    """Angle 0 is to the right, and grows against the clock."""
    return middle[0] + radius * math.cos(angle), middle[1] - radius * math.sin(angle)


DRAWINGS = {
    "lookup": lookup,
    "softmax_jacobian": softmax_jacobian,
    "masks": masks,
    "heads": heads,
    "layernorm_projection": layernorm_projection,
    "position_clock": position_clock,
    "shifted_target": shifted_target,
    "warmup": warmup,
    "online_softmax": online_softmax,
}
