import inspect
import json
import runpy
import sys

import evaluate_lenet
import lenet_lowlevel
import lenet_numpy
import lenet_paper
import numpy as np
import pytest
from lenet_data import to_input
from train_lenet import CONFIG, CONFIGS, RESULTS, main, one_cycle

from utils.config import ConfigError, load_config
from utils.data_loaders import Dataset, load_dataset
from utils.receipts import read_receipt


def test_one_cycle():
    """Not the paper's optimizer: the learning rate rises to its largest and falls to zero."""
    rates = [one_cycle(step, 100, 0.002, 0.3) for step in range(101)]
    assert rates[0] == pytest.approx(0.002 / 25)
    assert max(rates) == rates[30] == 0.002
    assert rates[100] == pytest.approx(0.0, abs=1e-12)
    assert np.all(np.diff(rates[:31]) > 0)
    assert np.all(np.diff(rates[30:]) < 0)
    assert one_cycle(0, 10, 0.1, 0.0) == 0.1
    config = load_config("lenet5", CONFIG, folder=CONFIGS)
    assert (config.epochs, config.batch_size, config.momentum) == (20, 64, 0.9)


def test_every_lenet_trains_on_all_images_with_one_rate(tmp_path, monkeypatch):
    """No search: the same rate whatever is compared. No image is held out: a pass has as many steps as there are batches."""
    configs = [load_config(path.stem, CONFIG, folder=CONFIGS) for path in CONFIGS.glob("lenet5*.yaml")]
    assert len(configs) == 5
    assert {config.lr for config in configs} == {0.002}
    taken = []
    monkeypatch.setattr("train_lenet.one_cycle", lambda step, steps, *_: taken.append(steps) or 0.0)
    main(load_config("tiny", CONFIG, ["examples=null", "epochs=1", "batch_size=500"], folder=CONFIGS), tmp_path)
    images = len(load_dataset("digits", "train").arrays["labels"])
    assert set(taken) == {len(taken)} == {-(-images // 500)}


def test_j_of_equation_9():
    assert inspect.signature(lenet_numpy.MAPLoss).parameters["j"].default == 0.1
    assert inspect.signature(lenet_lowlevel.map_loss).parameters["j"].default == 0.1
    assert inspect.signature(lenet_paper.map_loss).parameters["j"].default == 0.1


def test_input_scaling():
    """The paper's -0.1 and 1.175, and background around; the variance is not the 1 that the paper says. No distortion."""
    train = to_input(load_dataset("digits", "train"))
    images = train["images"]
    assert images.shape == (len(train["labels"]), 1, 32, 32)
    assert images.dtype == np.float32
    assert images.min() == pytest.approx(-0.1)
    assert images.max() == pytest.approx(1.175)
    assert np.all(images[:, :, :4] == images.min())
    assert np.all(images[:, :, :, -4:] == images.min())
    assert images.var() < 0.5
    again = to_input(load_dataset("digits", "train"))["images"]
    np.testing.assert_array_equal(images, again)


def test_mnist_images_are_padded_by_two():
    pixels = np.full((3, 28, 28), 255, dtype=np.uint8)
    data = Dataset("mnist", "test", {"images": pixels, "labels": np.zeros(3, dtype=np.int64)}, "made up")
    image = to_input(data)["images"][0, 0]
    assert np.all(image[2:30, 2:30] == image.max())
    assert np.all(image[:2] == image.min())
    with pytest.raises(ValueError, match="at most 32 pixels"):
        to_input(Dataset("x", "test", {"images": np.zeros((3, 40, 40)), "labels": np.zeros(3)}, "made up"))


def test_three_tables_and_three_sets_of_codes_are_one():
    assert lenet_numpy.C3_TABLE == lenet_lowlevel.C3_TABLE == lenet_paper.C3_TABLE
    assert lenet_numpy.CODES_AS_DRAWN == lenet_lowlevel.CODES_AS_DRAWN == lenet_paper.CODES_AS_DRAWN


def test_every_configuration_can_be_read_and_every_result_has_one():
    names = {path.stem for path in CONFIGS.glob("*.yaml")}
    for name in names:
        load_config(name, CONFIG, folder=CONFIGS)
    assert {told.get("config", name) for name, told in RESULTS.items()} <= names


def test_the_numpy_level_ends_where_the_paper_level_does():
    """What the page says of the two receipts: same first weights, same batches, an error that differs by few images."""
    numpy_level, paper_level = (
        read_receipt(CONFIGS.parent / "results" / f"{n}.json") for n in ("lenet5_numpy", "lenet5")
    )
    assert numpy_level.config == paper_level.config
    assert numpy_level.steps == paper_level.steps == 18_760
    assert numpy_level.values[0] == pytest.approx(paper_level.values[0], abs=0.001)


def test_bad_configurations_are_named():
    with pytest.raises(ConfigError, match="momentum"):
        load_config("tiny", CONFIG, ["momentum=1.0"], folder=CONFIGS)
    with pytest.raises(ConfigError, match="epoch"):
        load_config("tiny", CONFIG, ["epoch=3"], folder=CONFIGS)
    with pytest.raises(ConfigError, match="no connection table"):
        load_config("tiny_modern", CONFIG, ["table=full"], folder=CONFIGS)


def test_a_resumed_run_ends_with_the_same_weights(tmp_path, monkeypatch):
    config = load_config("tiny", CONFIG, ["examples=48", "epochs=2"], folder=CONFIGS)
    whole = main(config, tmp_path / "whole", level="numpy")
    taken = 0

    class Stopped(Exception):  # noqa: N818
        pass

    from utils.runs import Run

    plain = Run.took_step

    def stop_in_the_second_epoch(self, *args, **kwargs):
        nonlocal taken
        taken += 1
        if taken == 5:
            raise Stopped
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Run, "took_step", stop_in_the_second_epoch)
    with pytest.raises(Stopped):
        main(config, tmp_path / "halves", level="numpy")
    monkeypatch.setattr(Run, "took_step", plain)
    assert main(config, tmp_path / "halves", level="numpy", resume=True) == whole
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "halves")]
    assert logs[0] == logs[1]


@pytest.mark.parametrize("level", ["numpy", "pytorch_lowlevel", "paper"])
def test_a_run_with_every_link_is_trained_and_evaluated(level, tmp_path):
    config = load_config("tiny", CONFIG, ["table=full", "examples=16", "epochs=1"], folder=CONFIGS)
    errors = main(config, tmp_path, level=level)
    assert evaluate_lenet.main(tmp_path)["test_error"] == pytest.approx(errors["test_error"])


def test_scripts_run_from_the_command_line(tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    given = ["--level", "numpy", "--out", str(out), "--set", "examples=32", "--set", "epochs=1"]
    monkeypatch.setattr(sys, "argv", ["train_lenet.py", *given])
    runpy.run_path(str(CONFIGS.parent / "train_lenet.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert json.loads((out / "run.json").read_text())["ladder"] == "lenet5"
    monkeypatch.setattr(sys, "argv", ["evaluate_lenet.py", str(out)])
    runpy.run_path(str(CONFIGS.parent / "evaluate_lenet.py"), run_name="__main__")
    errors = evaluate_lenet.main(out)
    assert f"{errors['test_error']:.3f} %" in shown
    assert f"{errors['test_error']:.2f} %" in capsys.readouterr().out
    assert set(errors) == {"test_error", *(f"test_error_of_{digit}" for digit in range(10))}
