import evaluate_unet
import plot_unet
import pytest
import train_unet

from utils.config import ConfigError, load_config


def config(*changes):
    return load_config("tiny", train_unet.CONFIG, changes, folder=train_unet.CONFIGS)


@pytest.mark.parametrize("path", sorted(train_unet.CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_is_valid_and_says_what_it_is(path):
    load_config(path, train_unet.CONFIG)
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_wrong_settings_are_named():
    with pytest.raises(ConfigError, match="did you mean 'epochs'"):
        config("epoch=3")


def test_levels_end_with_the_same_error_and_evaluation_agrees(tmp_path):
    ends = [train_unet.main(config(), tmp_path / level, level=level) for level in ("numpy", "paper")]
    assert ends[0] == pytest.approx(ends[1], rel=1e-4)
    assert evaluate_unet.evaluate(tmp_path / "paper")["test_error"] == pytest.approx(ends[1]["test_error"])


def test_figures_can_be_made(tmp_path):
    assert all(path.stat().st_size for path in plot_unet.draw(tmp_path, tmp_path / "figures"))
