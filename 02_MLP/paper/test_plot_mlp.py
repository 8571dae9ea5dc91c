import numpy as np
import plot_mlp
import pytest
import torch
from torch.nn import functional as F

from utils.chapters import ROOT
from utils.figures.saving import save


def test_every_figure_is_on_a_page_and_every_figure_on_a_page_is_there():
    folder = ROOT / "02_MLP"
    pages = "".join(page.read_text(encoding="utf-8") for page in folder.glob("*.md"))
    made = {path.name for path in plot_mlp.FIGURES.iterdir() if path.suffix in (".svg", ".png")}
    assert made
    assert [name for name in sorted(made) if f"figures/{name}" not in pages] == []


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draws a figure by name. Returns: its axes that are seen, as {title: {label: (x, y)}}"""
    kept = []

    def keep(figure, path):
        kept.append(figure)
        return save(figure, path)

    monkeypatch.setattr(plot_mlp, "save", keep)

    def draw(name):
        plot_mlp.main([name], tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [f"{name}.svg"]
        return {
            axes.get_title(loc="left"): {str(line.get_label()): line.get_data() for line in axes.get_lines()}
            for axes in kept[0].axes
            if axes.get_visible()
        }, kept[0]

    return draw


def test_the_figure_of_activations_shows_each_with_its_derivative(drawn):
    panels, figure = drawn("activations")
    assert list(panels) == list(plot_mlp.ELEMENTWISE)
    for name, lines in panels.items():
        x, y = lines["f(x)"]
        np.testing.assert_allclose(y, plot_mlp.ELEMENTWISE[name]().forward(np.asarray(x)), err_msg=name)
        smooth = np.abs(x[1:-1]) > 0.05  # a ReLU has a corner at 0
        slopes = (y[2:] - y[:-2]) / (x[2:] - x[:-2])
        np.testing.assert_allclose(lines["f'(x)"][1][1:-1][smooth], slopes[smooth], atol=2e-3, err_msg=name)
    assert figure.get_supxlabel() == "x"
    assert figure.get_suptitle() == "Activations and their derivatives"


def test_the_figure_of_softmax_shows_outputs_and_slopes(drawn):
    panels, figure = drawn("softmax")
    assert list(panels) == ["output", "derivative with respect to z"]
    outputs, slopes = panels.values()
    assert list(outputs) == list(slopes) == ["logit z", "logit 1", "logit 0"]
    for name, logit in (("logit z", None), ("logit 1", 1.0), ("logit 0", 0.0)):
        z, y = outputs[name]
        total = np.exp(z) + np.exp(1.0) + 1.0
        np.testing.assert_allclose(y, np.exp(z if logit is None else logit) / total)
        np.testing.assert_allclose(slopes[name][1][1:-1], (y[2:] - y[:-2]) / (z[2:] - z[:-2]), atol=1e-3)
    assert figure.get_supxlabel() == "z"


def test_the_figure_of_the_two_gelus_shows_their_difference(drawn):
    panels, figure = drawn("gelu_difference")
    ((x, y),) = panels[""].values()
    tx = torch.tensor(np.asarray(x))
    np.testing.assert_allclose(y, F.gelu(tx, approximate="tanh") - F.gelu(tx), atol=1e-14)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("x", "difference")
    assert figure.get_suptitle() == "Two forms of GELU"


def test_unknown_figure():
    with pytest.raises(SystemExit, match="no figure 'loss'"):
        plot_mlp.main(["loss"])


def test_signal_factors_of_theory():
    """theory.md, section 6: by how much each rule multiplies the mean square of a ReLU layer's output."""
    networks = plot_mlp.deep_networks()
    for name, expected in (("ReLU, He", 1.0), ("ReLU, Glorot", 1 / 2), ("ReLU, 1/√n", 1 / 6)):
        sizes = [np.mean(signal**2) for signal in networks[name].signals]
        measured = (sizes[-1] / sizes[1]) ** (1 / (len(sizes) - 2))
        assert measured == pytest.approx(expected, rel=0.1), name


def test_gradient_of_the_old_rule_vanishes():
    """results.md: eight layers of tanh, from the output to the first layer."""
    networks = plot_mlp.deep_networks()
    size = {name: [np.sqrt(np.mean(flow**2)) for flow in net.flow] for name, net in networks.items()}
    assert size["ReLU, 1/√n"][0] / size["ReLU, 1/√n"][-1] < 1 / 300
    assert size["tanh, 1/√n"][0] / size["tanh, 1/√n"][-1] < 1 / 30
    assert size["tanh, Glorot"][0] / size["tanh, Glorot"][-1] > 1 / 3
    assert 0.5 < size["ReLU, He"][0] / size["ReLU, He"][-1] < 2
