import json

import evaluate_unet
import numpy as np
import plot_unet
import pytest
import train_unet
from train_unet import CONFIG, CONFIGS, RESULTS, learning_rate, main

from utils.config import ConfigError, load_config
from utils.runs import Run

SHORT = ("steps=6", "eval_every=3", "slices=1", "warmup=2")


def config(*changes):
    return load_config("tiny", CONFIG, changes, folder=CONFIGS)


@pytest.fixture(autouse=True)
def one_small_test_slice(monkeypatch):
    """Ten slices of 128 pixels would cost most of the time."""
    whole = train_unet.load_split
    monkeypatch.setattr(train_unet, "load_split", lambda *args: whole(*args)[:1])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_is_valid_and_says_what_it_is(path):
    load_config(path, CONFIG)
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_can_be_run(name):
    result = RESULTS[name]
    made = load_config(result.get("config", name), CONFIG, result.get("overrides", ()), folder=CONFIGS)
    assert result.get("start_from", name) in RESULTS
    assert made.dataset in ("isbi2012", "cells")
    assert {"title", "metric", "paper_value", "paper_where"} <= result.keys()  # or its receipt could not be written


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("step=3", "did you mean 'steps'"),
        ("tile=75", "takes no image of side 75; the nearest that it takes: 72 or 76"),
        ("depth=0", "depth"),
        ("lr=0", "lr"),
        ("dropout=1", "dropout"),
        ("dataset=mnist", "dataset"),
    ],
)
def test_wrong_settings_are_named(change, told):
    with pytest.raises(ConfigError, match=told):
        config(change)


def test_the_learning_rate_rises_and_falls():
    made = config("steps=110", "warmup=10", "lr=1.0")
    rates = [learning_rate(made, step) for step in range(110)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 10)
    assert rates[10] == 1.0
    assert rates[60] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001


def test_levels_end_with_the_same_error_and_evaluation_agrees(tmp_path):
    ends = {
        level: main(config(*SHORT), tmp_path / level, level=level) for level in ("numpy", "pytorch_lowlevel", "paper")
    }
    for level, end in ends.items():
        assert end == pytest.approx(ends["paper"], rel=1e-3, abs=1e-5), level
    assert evaluate_unet.evaluate(tmp_path / "numpy") == pytest.approx(ends["numpy"])


@pytest.mark.parametrize("changes", [("same=true", "tile=64"), ("skips=false",), ("elastic=false", "weight_map=false")])
def test_variants_train_and_are_evaluated(changes, tmp_path):
    end = main(config(*SHORT, *changes), tmp_path)
    assert evaluate_unet.evaluate(tmp_path) == pytest.approx(end)


def test_it_learns(tmp_path):
    end = main(config("steps=60"), tmp_path)
    assert end["pixel_error"] < 0.1
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < 0.7 * log[0]["loss"]


def test_a_resumed_run_ends_with_the_same_weights(tmp_path, monkeypatch):
    whole = main(config(*SHORT), tmp_path / "whole", level="numpy")

    class Stopped(Exception):  # noqa: N818
        pass

    taken, plain = 0, Run.took_step

    def stop(self, *args, **kwargs):
        nonlocal taken
        taken += 1
        if taken == 5:
            raise Stopped
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Run, "took_step", stop)
    with pytest.raises(Stopped):
        main(config(*SHORT), tmp_path / "halves", level="numpy")
    monkeypatch.setattr(Run, "took_step", plain)
    assert main(config(*SHORT), tmp_path / "halves", level="numpy", resume=True) == whole
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "halves")]
    assert logs[0] == logs[1]


def test_training_begins_with_the_weights_of_another_run(tmp_path):
    main(config(*SHORT), tmp_path / "first")
    made = config("steps=1", "warmup=0", "slices=1", "lr=1e-9", f"start_from={tmp_path / 'first'}")
    after = main(made, tmp_path / "second")
    assert after == pytest.approx(evaluate_unet.evaluate(tmp_path / "first"), rel=1e-3)


def test_levels_without_the_ablation_say_so(tmp_path):
    with pytest.raises(ValueError, match="only the paper level leaves out the skips, not the numpy level"):
        main(config(*SHORT, "skips=false"), tmp_path, level="numpy")


def test_figures_can_be_made_without_runs(tmp_path):
    made = list(plot_unet.draw(tmp_path, tmp_path / "figures"))
    assert {path.stem for path in made} == {"slices", "grids"}
    assert all(path.stat().st_size for path in made)


def test_figures_of_a_run(tmp_path):
    main(config(*SHORT), tmp_path / "cells-0")
    main(config(*SHORT, "skips=false"), tmp_path / "cells_no_skips-0")
    made = [path.stem for path in plot_unet.draw_runs(tmp_path, tmp_path / "figures")]
    assert made == ["cells_prediction", "cells_feature_maps", "cells_thresholds", "cells_skips"]
    (tmp_path / "cells-0").rename(tmp_path / "isbi-0")
    made = [path.stem for path in plot_unet.draw_runs(tmp_path, tmp_path / "figures")]
    assert made == [
        "isbi_prediction",
        "isbi_feature_maps",
        "isbi_thresholds",
    ]  # two runs that differ in more than the skips
