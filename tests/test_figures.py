"""Every figure is written, has its fixed size, comes out with the same bytes again, and refuses bad input by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from utils.chapters import ROOT
from utils.figures import style
from utils.figures.curves import curve_panels, curves, loss_and_accuracy
from utils.figures.images import feature_maps, filters, image_grid
from utils.figures.layers import gradient_flow, histograms
from utils.figures.planes import decision_boundary, loss_surface
from utils.figures.saving import save
from utils.figures.tables import confusion_matrix, heat_maps, level_difference

rng = np.random.default_rng(0)
POINTS = rng.standard_normal((30, 2))
CLASSES = np.arange(30) % 3
CENTRES = np.array([[0.0, 0.0], [1.5, 1.0], [-1.0, 1.5]])

FIGURES = {
    "curves": lambda: curves(
        {"numpy": [3, 2, 1], "paper": ([0, 2], [3, 1])}, log=True, title="t", marks={"paper's": 2}
    ),
    "one point": lambda: curves({"numpy": [3.0]}),
    "loss_and_accuracy": lambda: loss_and_accuracy({"numpy": [3, 2, 1]}, {"numpy": [0.1, 0.5, 0.9]}),
    "curve_panels": lambda: curve_panels({n: {"f": [1, 2], "f'": [0, 1]} for n in "abc"}, columns=2),
    "image_grid": lambda: image_grid(np.arange(5 * 7 * 7).reshape(5, 7, 7), list("abcde"), 3, ink=True),
    "filters": lambda: filters(np.linspace(-1, 1, 5 * 3 * 11).reshape(5, 3, 11)),
    "filters in colour": lambda: filters(np.linspace(-1, 1, 5 * 3 * 7 * 7).reshape(5, 3, 7, 7)),
    "filters by channel": lambda: filters(np.linspace(-1, 1, 5 * 2 * 9).reshape(5, 2, 3, 3), most=4, title="t"),
    "feature_maps": lambda: feature_maps(np.linspace(0, 1, 5 * 49).reshape(1, 5, 7, 7)),
    "feature_maps of layers": lambda: feature_maps({"c1": np.eye(7)[None], "s2": np.ones((11, 3, 3))}),
    "boundary of scores": lambda: decision_boundary(_scores, POINTS, CLASSES, resolution=20),
    "boundary of classes": lambda: decision_boundary(lambda p: _scores(p).argmax(1), POINTS, CLASSES, resolution=20),
    "boundary of probability": lambda: decision_boundary(
        lambda p: 1 / (1 + np.exp(-p[:, 0])), POINTS, CLASSES % 2, names=["no", "yes"], resolution=20
    ),
    "confusion_matrix": lambda: confusion_matrix(CLASSES, CLASSES[::-1], ["a", "b", "long name"]),
    "heat_maps": lambda: heat_maps(
        {f"head {n}": np.eye(3, 5) * n for n in range(5)}, x=list("abcde"), y=list("xyz"), columns=3, title="t"
    ),
    "one heat map": lambda: heat_maps({"": np.arange(6).reshape(2, 3)}, limits=(-1, 6), xlabel="x", ylabel="y"),
    "gradient_flow": lambda: gradient_flow({"He": {"fc1": [1.0, 2.0], "fc2": 0.5}, "zero": {"fc1": 0.0, "fc2": 1.0}}),
    "histograms": lambda: histograms({"fc1": POINTS, "fc2": POINTS**2}, limits=(-1, 1)),
    "histograms by setting": lambda: histograms({"He": {"fc1": POINTS}, "Glorot": {"fc1": np.zeros(3)}}),
    "level_difference": lambda: level_difference(
        {"loss": {"paper": 0.0, "low": 1e-3}, "w": {"low": 1e-16}}, tolerance=1e-9
    ),
    "loss_surface": lambda: loss_surface(
        lambda p: (p**2).sum(1), {"sgd": POINTS[:4], "adam": POINTS[4:]}, resolution=20
    ),
}


def _scores(points: np.ndarray) -> np.ndarray:
    return -((points[:, None] - CENTRES) ** 2).sum(-1)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_its_size_and_the_same_bytes_again(name: str, tmp_path: Path) -> None:
    figure = FIGURES[name]()
    assert figure.get_figwidth() == style.WIDTH
    first = save(figure, tmp_path / "first.svg")
    again = save(FIGURES[name](), tmp_path / "again.svg")
    assert first.read_bytes() == again.read_bytes()
    assert b"<svg" in first.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.svg", "first.svg"]


def test_a_png_has_the_stated_size_and_the_same_bytes_again(tmp_path: Path) -> None:
    first, again = (save(FIGURES["curves"](), tmp_path / "new" / f"{k}.png").read_bytes() for k in range(2))
    assert first == again
    width, height = int.from_bytes(first[16:20], "big"), int.from_bytes(first[20:24], "big")
    assert (width, height) == (style.WIDTH * style.DPI, style.HEIGHT * style.DPI)


def test_series_differ_in_lightness_dash_and_marker() -> None:
    red, green, blue = (np.array([int(c[k : k + 2], 16) for c in style.COLORS]) for k in (1, 3, 5))
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    assert np.diff(grey).min() > 12
    assert len(set(map(str, style.DASHES))) == len(set(style.MARKERS)) == len(style.COLORS)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = curves({"numpy": [1, 2]})
    path = save(figure, tmp_path / "a.svg")
    before = path.read_bytes()
    monkeypatch.setattr(type(figure), "savefig", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(figure, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_given_is_changed() -> None:
    images = np.linspace(-2, 2, 3 * 3 * 4 * 4).reshape(3, 3, 4, 4)
    before = images.copy()
    image_grid(images)
    filters(images)
    np.testing.assert_array_equal(images, before)


def test_importing_it_does_not_import_matplotlib() -> None:
    modules = ("curves", "images", "layers", "planes", "saving", "style", "tables")
    code = f"import sys; from utils.figures import {', '.join(modules)}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: curves({}), "curves expected at least one series, got none"),
        (lambda: curves({"a": []}), "series 'a' expected"),
        (lambda: curves({"a": np.ones((3, 2))}), "series 'a' expected"),
        (lambda: curves({"a": ([0, 1], [1, 2, 3])}), r"got \(2,\) and \(3,\)"),
        (lambda: curves({"a": [np.nan, np.inf]}), "none is finite"),
        (lambda: curves({"a": [1, 0]}, log=True), "expected values > 0, got 0"),
        (lambda: curve_panels({}), "at least one panel"),
        (lambda: image_grid(np.ones((7, 7))), r"got \(7, 7\)"),
        (lambda: image_grid(np.ones((2, 5, 7, 7))), r"got \(2, 5, 7, 7\)"),
        (lambda: image_grid(np.ones((2, 7, 7)), ["one"]), "expected 2 titles, one for each image, got 1"),
        (lambda: image_grid(np.ones((2, 7, 7)), columns=0), "expected columns >= 1, got 0"),
        (lambda: image_grid([["a"]]), "of numbers, got dtype"),
        (lambda: filters(np.ones((3, 0, 2))), r"not empty, got \(3, 0, 2\)"),
        (lambda: filters(np.full((1, 2, 2), np.nan)), "expected finite numbers, got 4"),
        (lambda: feature_maps(np.ones((2, 3, 7, 7))), "got a batch of 2"),
        (lambda: feature_maps({}), "at least one layer"),
        (lambda: heat_maps({}), "at least one panel"),
        (lambda: heat_maps({"a": np.eye(3), "b": np.eye(4)}), r"shape \(3, 3\), got \(4, 4\) for 'b'"),
        (lambda: heat_maps({"a": np.eye(3)}, x=["one"]), "expected 3 names along axis 1, got 1"),
        (lambda: decision_boundary(_scores, np.ones((3, 5)), CLASSES[:3]), r"x of shape \(N, 2\), got \(3, 5\)"),
        (lambda: decision_boundary(_scores, POINTS, CLASSES[:3]), r"y of shape \(30,\), integers >= 0, got \(3,\)"),
        (lambda: decision_boundary(lambda p: p[:3], POINTS, CLASSES), "expected predict to give"),
        (lambda: confusion_matrix([0, 1], [0]), r"got \(2,\), \(1,\)"),
        (lambda: confusion_matrix([0.0], [0.0]), "labels as integers, got float64"),
        (lambda: confusion_matrix([0, 5], [0, 1], ["a", "b"]), "classes from 0 to 1, got 5"),
        (lambda: confusion_matrix([0, -1], [0, 1]), "classes from 0 to 1, got -1"),
        (
            lambda: gradient_flow({"a": {"fc1": 1.0}, "b": {"fc2": 1.0}}),
            r"layers \['fc1'\] in setting 'b', got \['fc2'\]",
        ),
        (lambda: gradient_flow({"a": {"fc1": np.nan}}), "finite gradient"),
        (lambda: histograms({}), "at least one layer"),
        (lambda: histograms({"fc1": [np.inf]}), "finite values for layer 'fc1'"),
        (lambda: level_difference({}), "at least one tensor"),
        (lambda: level_difference({"w": {"paper": -1.0}}), "got -1.0 for 'w' at 'paper'"),
        (lambda: level_difference({"w": {"paper": np.nan}}), "got nan for 'w' at 'paper'"),
        (lambda: loss_surface(lambda p: p[:, 0], [[0, 0]]), r"T >= 2, got \(1, 2\)"),
        (lambda: loss_surface(lambda p: p, POINTS, resolution=7), r"expected fn to give \(49,\)"),
        (lambda: save(curves({"a": [1]}), "figure.jpg"), "ends in .svg or .png, got 'figure.jpg'"),
    ],
)
def test_bad_input_is_refused_with_what_came(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_palette_makes_a_png_smaller_and_is_refused_for_an_svg(tmp_path: Path) -> None:
    whole, few = (save(FIGURES["curves"](), tmp_path / f"{n}.png", colours=n) for n in (None, 16))
    assert few.stat().st_size < whole.stat().st_size
    with pytest.raises(ValueError, match="a palette of 16 colours"):
        save(FIGURES["curves"](), tmp_path / "a.svg", colours=16)
    assert not (tmp_path / "a.svg").exists()
