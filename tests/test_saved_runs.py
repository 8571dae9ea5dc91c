"""Runs that are read again: what was trained, results, weights at any level; folders that hold no such run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import train_mlp
from evaluate_linear import error
from linear_data import load_rows
from train_linear import CONFIGS, LinearConfig, main

from utils.checkpoints import CheckpointError
from utils.config import Config, load_config
from utils.levels.arrays import as_float32
from utils.runs import saved_params
from utils.saved_runs import finished_seeds, read_run

SIZES = {"in_features": 64, "out_features": 10}  # of the digits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of softmax regression at the NumPy level."""
    place = tmp_path_factory.mktemp("runs") / "softmax-3"
    main(load_config("tiny", LinearConfig, ["epochs=1", "seed=3"], folder=CONFIGS), place, level="numpy")
    return place


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_a_run_says_what_was_trained(folder: Path) -> None:
    run = read_run(folder, LinearConfig)
    assert run.config == load_config("tiny", LinearConfig, ["epochs=1", "seed=3"], folder=CONFIGS)
    assert (run.identity["chapter"], run.identity["ladder"], run.level) == ("01", "softmax", "numpy")
    assert run.results["steps"] == 45  # 1,438 images in batches of 32
    assert run.metrics == json.loads((folder / "results.json").read_text())["metrics"]
    for name, value in saved_params(folder).items():
        np.testing.assert_array_equal(run.params[name], value)
    assert run.extra == {}


@pytest.mark.parametrize("level", [None, "paper"])
def test_the_weights_can_be_run_at_any_level(folder: Path, level: str | None) -> None:
    run = read_run(folder, LinearConfig)
    trainer, test = run.trainer(SIZES, level, lr=0.25), as_float32(load_rows("digits", "test"))
    assert (type(trainer) is type(run.trainer(SIZES, "numpy"))) == (level is None)
    assert trainer.lr == 0.25
    assert error(trainer.predict(test), test) == pytest.approx(run.metrics["test_error"])


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no run in .*nowhere: run.json: No such file"):
        read_run(tmp_path / "nowhere", LinearConfig)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (train_mlp.CONFIG, "hidden, ladder, lr, network"),
        (Config, "batch_size, dataset, epochs, ladder, lr and 1 more"),
    ],
)
def test_a_run_of_another_chapter(folder: Path, model: type[Config], told: str) -> None:
    with pytest.raises(CheckpointError, match=f"of chapter 01, ladder softmax, with other settings than here: {told}$"):
        read_run(folder, model)


@pytest.mark.parametrize("text", ["{", "[]", "{}", "3"])
def test_a_damaged_run(copy: Path, text: str) -> None:
    (copy / "run.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"run\.json is damaged"):
        read_run(copy, LinearConfig)


def test_weights_of_another_run_are_refused(copy: Path) -> None:
    text = (copy / "run.json").read_text()
    (copy / "run.json").write_text(text.replace('"seed": 3', '"seed": 4'))
    run = read_run(copy, LinearConfig)
    with pytest.raises(CheckpointError, match=r"config\.seed is 3 there and 4 here"):
        _ = run.params


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"metrics": {"a": "x"}, "steps": 1, "wall_time_s": 1}'])
def test_damaged_results(copy: Path, text: str) -> None:
    (copy / "results.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"results\.json is damaged"):
        _ = read_run(copy, LinearConfig).metrics


def test_weights_of_another_model_are_refused(copy: Path) -> None:
    with pytest.raises(CheckpointError, match=r"linear\.weight has shape \(10, 64\), the model's has \(10, 63\)"):
        read_run(copy, LinearConfig).trainer({"in_features": 63, "out_features": 10})


def test_an_unfinished_run_has_weights_and_no_results(copy: Path) -> None:
    (copy / "results.json").unlink()
    run = read_run(copy, LinearConfig)
    assert run.params
    with pytest.raises(FileNotFoundError, match=r"results\.json"):
        _ = run.metrics


def test_finished_seeds(tmp_path: Path) -> None:
    finished = ("a-0", "a-2", "a-10", "b-2", "b-10", "b-1", "a-x", "a_b-2", "a-b-1")
    for name in finished:
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").touch()
    (tmp_path / "a-1").mkdir()  # not finished
    assert finished_seeds(tmp_path, "a") == [0, 2, 10]
    assert finished_seeds(tmp_path, "a", "b") == [2, 10]
    assert finished_seeds(tmp_path, "a", "c") == []
