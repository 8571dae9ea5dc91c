import numpy as np
import plot_mlp
import pytest

from utils.chapters import ROOT


def test_every_figure_is_on_a_page_and_every_figure_on_a_page_is_there():
    folder = ROOT / "02_MLP"
    pages = "".join(page.read_text(encoding="utf-8") for page in folder.glob("*.md"))
    made = {path.name for path in plot_mlp.FIGURES.iterdir()}
    assert made
    assert [name for name in sorted(made) if f"figures/{name}" not in pages] == []


@pytest.mark.parametrize("name", ["activations", "softmax", "gelu_difference"])
def test_figures_can_be_made(name, tmp_path):
    plot_mlp.main([name], tmp_path)
    assert list(tmp_path.iterdir())


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
