import json
from pathlib import Path

import numpy as np
import pytest
import train_mlp
from train_mlp import CONFIG, CONFIGS, learning_rate, model_sizes, prepare

from utils.config import ConfigError, load_config
from utils.data_loaders import load_dataset
from utils.ladder import load_ladders
from utils.runs import RunError


def config(name="tiny", *overrides):
    return load_config(name, CONFIG, overrides, folder=CONFIGS)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_is_valid_and_says_what_it_is(path):
    load_config(path, CONFIG)
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_the_schedule_of_1998():
    paper = config("mnist_300")
    rates = [learning_rate(paper, epoch) for epoch in range(1, 21)]
    assert rates == [0.04] * 10 + [0.012] * 6 + [0.004] * 4
    assert (paper.batch_size, paper.epochs, paper.hidden) == (10, 20, (300,))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epoch=3", "did you mean 'epochs'"),
        ("dropout=1.0", "less than 1"),
        ("lr=[[2, 0.1]]", "the first 1"),
        ("network=cnn", "'mlp1998' or 'mlp'"),
    ],
)
def test_wrong_settings_are_named(override, message):
    with pytest.raises(ConfigError, match=message):
        config("tiny", override)


def test_pixels_have_the_papers_range():
    batch = prepare(load_dataset("digits", "train"))
    assert batch["images"].dtype == np.float32
    assert batch["images"].min() == pytest.approx(-0.1)
    assert batch["images"].max() == pytest.approx(1.175)


@pytest.mark.parametrize("network", ["mlp", "mlp1998"])
def test_initial_parameters_depend_on_the_seed_alone(network):
    chosen = config("tiny", f"network={network}")
    level = load_ladders("02")[network].level("paper", **model_sizes(chosen))
    first, again, other = (level.fresh(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert [p.shape for name, p in first.items() if "weight" in name] == [(32, 64), (16, 32), (10, 16)]
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["linears.0.weight"], other["linears.0.weight"])


def test_masks_keep_the_expectation():
    rng = np.random.default_rng(0)
    ladder, sizes = load_ladders("02")["mlp"], model_sizes(config("tiny"))
    batch = ladder.noisy(rng, {"labels": np.zeros(2000, int)}, **sizes, dropout=0.4)
    assert batch["mask0"].shape == (2000, 32)
    assert batch["mask1"].mean() == pytest.approx(1.0, abs=0.03)
    assert set(np.unique(batch["mask0"])) == {0.0, 1.0 / 0.6}
    assert ladder.noisy(rng, {"labels": np.zeros(3, int)}, **sizes, dropout=0.0).keys() == {"labels"}


def test_levels_end_with_the_same_errors(tmp_path):
    results = [
        train_mlp.main(config("tiny", "epochs=2"), tmp_path / level, level=level) for level in ("numpy", "paper")
    ]
    assert results[0] == pytest.approx(results[1])


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path, monkeypatch):
    from utils.runs import saved_params

    settings = config("tiny", "epochs=3")
    train_mlp.main(settings, tmp_path / "whole")
    with monkeypatch.context() as patch:
        calls = []

        def interrupted(*arguments):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return 0.0

        patch.setattr(train_mlp, "error", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_mlp.main(settings, tmp_path / "broken")
    train_mlp.main(settings, tmp_path / "broken", resume=True)
    whole, broken = saved_params(tmp_path / "whole"), saved_params(tmp_path / "broken")
    assert all(np.array_equal(whole[name], broken[name]) for name in whole)


def test_a_run_of_another_level_is_not_continued(tmp_path):
    train_mlp.main(config("tiny", "epochs=1"), tmp_path)
    with pytest.raises(RunError, match="level"):
        train_mlp.main(config("tiny", "epochs=1"), tmp_path, level="numpy", resume=True)


def test_reproduce_writes_a_receipt(tmp_path, monkeypatch):
    monkeypatch.setattr(train_mlp, "CONFIGS", Path(__file__).parent / "configs")
    monkeypatch.setitem(
        train_mlp.RESULTS, "tiny", dict(train_mlp.RESULTS["mnist_modern"], target=None, paper_value=None)
    )
    written = []
    monkeypatch.setattr("utils.reproduction.write_receipt", written.append)
    (receipt,) = train_mlp.reproduce(tmp_path, seeds=(0, 1), only=["tiny"])
    assert written == [receipt]
    assert receipt.seeds == [0, 1]
    assert receipt.values[0] == json.loads((tmp_path / "tiny-0" / "results.json").read_text())["metrics"]["test_error"]


def test_held_out_images_are_the_last_training_images_and_not_trained_on(tmp_path):
    whole, _, _ = train_mlp.load_split(config("tiny"))
    train, held_out, measure = train_mlp.load_split(config("tiny", "held_out=300"))
    assert measure == "held_out_error"
    for name, values in whole.items():
        assert np.array_equal(train[name], values[:-300])
        assert np.array_equal(held_out[name], values[-300:])
    assert "test_error" not in train_mlp.main(config("tiny", "held_out=300", "epochs=1"), tmp_path)
    with pytest.raises(ValueError, match="leaves nothing of digits"):
        train_mlp.load_split(config("tiny", "held_out=100000"))


def test_evaluation_agrees_with_training(tmp_path):
    import evaluate_mlp

    metrics = train_mlp.main(config("tiny", "epochs=2"), tmp_path)
    result = evaluate_mlp.main(tmp_path)
    assert result["test_error"] == pytest.approx(metrics["test_error"])
    assert (tmp_path / "confusion_matrix.svg").exists()
    assert sum(count for count, *_ in result["confusions"]) == (result["labels"] != result["predictions"]).sum()
