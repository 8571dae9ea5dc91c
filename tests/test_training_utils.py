"""Training helpers: streams, batches, checkpoints, locks, divergence, and runs that go on after a kill, bit for bit."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from utils import checkpoints
from utils.checkpoints import CheckpointError, RunError, fitting, load_checkpoint, save_checkpoint
from utils.ladder import Batch, Params, Trainer
from utils.levels.arrays import as_float32
from utils.runs import Run, read_log, saved_params
from utils.training_utils import (
    Batches,
    NonFiniteLoss,
    Processes,
    batches,
    check_finite,
    in_chunks,
    processes,
    progress,
    streams,
    torch_generator,
)

# Randomness


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    alone, among = streams(3, "data")["data"], streams(3, "init", "data", "noise")["data"]
    np.testing.assert_array_equal(alone.random(5), among.random(5))
    first = {name: tuple(rng.random(4)) for name, rng in streams(3, "init", "data").items()}
    other = {name: tuple(rng.random(4)) for name, rng in streams(4, "init", "data").items()}
    assert len({*first.values(), *other.values()}) == 4


@pytest.mark.parametrize("seed", [-1, 1.5, True, "7"])
def test_bad_seeds(seed: Any) -> None:
    with pytest.raises(ValueError, match="whole number"):
        streams(seed, "data")


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        streams(0, "data", "data")


def test_torch_generator() -> None:
    import torch

    draws = [torch.rand(3, generator=torch_generator(streams(seed, "noise")["noise"])) for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


# Batches

ARRAYS = {"inputs": np.arange(22.0).reshape(11, 2), "labels": np.arange(11)}


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [4, 4, 3]), (True, [4, 4])])
def test_an_epoch(drop_last: bool, sizes: list[int]) -> None:
    epoch = list(batches(ARRAYS, 4, np.random.default_rng(0), drop_last=drop_last))
    assert [len(batch["labels"]) for batch in epoch] == sizes
    labels = np.concatenate([batch["labels"] for batch in epoch])
    assert len(set(labels)) == sum(sizes)
    assert not np.array_equal(labels, np.sort(labels))
    for batch in epoch:
        np.testing.assert_array_equal(batch["inputs"][:, 0], 2 * batch["labels"])


def test_batches_are_copies() -> None:
    for batch in batches(ARRAYS, 4, np.random.default_rng(0)):
        assert not np.shares_memory(batch["inputs"], ARRAYS["inputs"])


@pytest.mark.parametrize("stop", range(7))
def test_batches_continue_anywhere(stop: int) -> None:
    def labels(source: Batches, count: int) -> list[list[int]]:
        got: list[list[int]] = []
        while len(got) < count:
            for batch in source:
                got.append(batch["labels"].tolist())
                if len(got) == count:
                    break
        return got

    expected = labels(Batches(ARRAYS, 4, np.random.default_rng(5)), 9)
    first = Batches(ARRAYS, 4, np.random.default_rng(5))
    begun = labels(first, stop) if stop else []
    rng = np.random.default_rng(99)
    second = Batches(ARRAYS, 4, rng)
    second.load_state(*first.state())
    rng.bit_generator.state = first.rng.bit_generator.state
    assert begun + labels(second, 9 - stop) == expected


@pytest.mark.parametrize(
    ("arrays", "size", "drop_last", "says"),
    [
        ({}, 4, False, "got none"),
        ({"x": np.zeros((0, 3))}, 4, False, "length 0: x"),
        ({"x": np.zeros(3), "y": np.zeros(4)}, 2, False, "equal length along axis 0, got {'x': 3, 'y': 4}"),
        ({"x": np.zeros(3)}, 0, False, "must lie in 1..3, got 0"),
        ({"x": np.zeros(3)}, 4, True, "must lie in 1..3, got 4"),
    ],
)
def test_bad_batches(arrays: Batch, size: int, drop_last: bool, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        Batches(arrays, size, np.random.default_rng(0), drop_last=drop_last)
    assert says in str(caught.value)


def test_batches_of_other_data_do_not_continue() -> None:
    state = Batches(ARRAYS, 4, np.random.default_rng(0)).state()
    with pytest.raises(ValueError, match="had 11 examples, these have 5"):
        Batches({"x": np.zeros(5)}, 4, np.random.default_rng(0)).load_state(*state)


def test_in_chunks() -> None:
    assert [len(chunk["labels"]) for chunk in in_chunks(ARRAYS, 5)] == [5, 5, 1]


def test_float32_leaves_labels_and_counters_alone() -> None:
    got = as_float32(ARRAYS | {"steps": np.array(3)})
    assert {name: array.dtype.name for name, array in got.items()} == {
        "inputs": "float32",
        "labels": "int64",
        "steps": "int64",
    }
    np.testing.assert_array_equal(got["inputs"], ARRAYS["inputs"])


# Divergence and progress


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("-inf")])
def test_a_loss_that_is_not_finite(value: float) -> None:
    with pytest.raises(NonFiniteLoss) as caught:
        check_finite(value, step=812, lr=0.5, last=2.25)
    assert "after 812 steps with learning rate 0.5; the loss before was 2.25" in str(caught.value)
    with pytest.raises(NonFiniteLoss, match="look at the inputs"):
        check_finite(value, step=0)


def test_progress_is_silent_without_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(progress(range(3), "counting", after=0)) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_progress_shows_slow_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress([1, 2], "quick work", force=True)) == [1, 2]
    assert stream.getvalue() == ""
    assert list(progress([1, 2], "slow work", after=0, force=True)) == [1, 2]
    assert "slow work" in stream.getvalue()


# Checkpoints


def test_a_checkpoint_keeps_everything(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "double": rng.normal(size=(3, 2)),
        "single": rng.normal(size=4).astype(np.float32),
        "scalar": np.array(7, dtype=np.int64),
        "transposed": rng.normal(size=(5, 3)).T,
        "mask": np.array([True, False]),
        "empty": np.zeros((0, 3)),
    }
    meta = {"generator": rng.bit_generator.state, "text": "ä"}
    save_checkpoint(tmp_path / "c.safetensors", arrays, meta)
    got, got_meta = load_checkpoint(tmp_path / "c.safetensors")
    assert got.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(got[name], array)
        assert (got[name].dtype, got[name].shape) == (array.dtype, array.shape)
    assert got_meta == meta


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data[:-3], "damaged"),
        (lambda data: data[:5], "damaged"),
        (lambda data: b"", "damaged"),
        (lambda data: flip(data), "checksum"),
        (lambda data: data.replace(b"step", b"stop"), "checksum"),
        (lambda data: b"PK" + data, "damaged"),
    ],
)
def test_damaged_checkpoints(tmp_path: Path, change: Callable[[bytes], bytes], says: str) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, {"w": np.arange(5.0)}, {"step": 3})
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(CheckpointError, match=says) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)


def test_foreign_and_missing_checkpoints(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"w": np.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="not written by a run"):
        load_checkpoint(tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="No such file"):
        load_checkpoint(tmp_path / "none.safetensors")


def test_a_checkpoint_of_another_model(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, {}, {"identity": {"ladder": "lenet5", "level": "paper", "config": {"lr": 0.1, "width": 3}}})
    load_checkpoint(path, {"ladder": "lenet5"})
    load_checkpoint(path, {"ladder": "lenet5", "config": {"lr": 0.1, "width": 3}})
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path, {"ladder": "modern", "level": "paper", "config": {"lr": 0.2, "depth": 1}})
    assert "ladder is 'lenet5' there and 'modern' here" in str(caught.value)
    assert "config.lr is 0.1 there and 0.2 here" in str(caught.value)
    assert "config.width is 3 there and 'absent' here" in str(caught.value)
    assert "config.depth is 'absent' there and 1 here" in str(caught.value)
    assert "level" not in str(caught.value)


@pytest.mark.parametrize("moment", ["write", "replace"])
def test_a_failed_write_keeps_the_last_good_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, {"w": np.zeros(3)}, {"step": 1})

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.os, "fsync" if moment == "write" else "replace", fail)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, {"w": np.ones(3)}, {"step": 2})
    assert load_checkpoint(path)[1] == {"step": 1}
    assert os.listdir(tmp_path) == ["c.safetensors"]


# Runs


class LeastSquares(Trainer):
    """A tiny trainer: one weight vector, gradient descent with momentum, and noise on the inputs."""

    def __init__(self, params: Params, lr: float) -> None:
        self.w, self.velocity, self.lr = params["w"].copy(), np.zeros_like(params["w"]), lr

    def step(self, batch: Batch) -> float:
        error = batch["x"] @ self.w - batch["y"]
        self.velocity = 0.9 * self.velocity + batch["x"].T @ error / len(error)
        self.w -= self.lr * self.velocity
        return float(np.mean(error**2))

    def predict(self, batch: Batch) -> dict[str, np.ndarray]:
        return {"y": batch["x"] @ self.w}

    def params(self) -> Params:
        return {"w": self.w.copy()}

    def optimizer_state(self) -> Params:
        return {"momentum_buffer.w": self.velocity.copy()}

    def load_optimizer_state(self, state: Params) -> None:
        self.velocity = state["momentum_buffer.w"].copy()


def main(
    folder: Path, *, lr: float = 0.05, resume: bool = False, pause: float = 0.0, stop: int = -1
) -> dict[str, float]:
    """A training script in the shape that all chapters have; `stop` raises in the middle of that step."""
    rng = streams(0, "init", "data", "noise")
    x = rng["data"].normal(size=(23, 3))  # drawn before the loop, in a resumed run too
    data = Batches({"x": x, "y": x @ np.array([1.0, -2.0, 0.5])}, 5, rng["data"])
    with Run(folder, {"ladder": "least squares", "config": {"lr": lr}}, rng=rng, resume=resume) as run:
        trainer = LeastSquares(run.weights({"w": rng["init"].normal(size=3)}), lr)
        run.restore(trainer, data)
        while data.epoch < 6:
            for batch in data:
                batch["x"] += 0.01 * rng["noise"].normal(size=batch["x"].shape)
                trainer.lr = lr / (1 + run.step)
                loss = run.took_step(trainer.step(batch), lr=trainer.lr)
                if run.step == stop:
                    raise KeyboardInterrupt
                run.log(loss=loss)
                if run.step % 4 == 0:
                    run.checkpoint(trainer, data)
                time.sleep(pause)
            run.log(epoch=data.epoch, weight=float(trainer.w[0]))
            run.checkpoint(trainer, data)
        return run.finish(weight=float(trainer.w[0]))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    main(folder)
    return folder


def assert_same_run(folder: Path, expected: Path) -> None:
    """Weights, optimizer state, generators, batch order and log are equal, bit for bit."""
    (arrays, meta), (want, want_meta) = (load_checkpoint(f / "checkpoint.safetensors") for f in (folder, expected))
    assert arrays.keys() == want.keys()
    for name in want:
        assert arrays[name].tobytes() == want[name].tobytes(), name
    times = {"elapsed": 0.0, "cpu": 0.0, "threads": 1}
    assert meta | times == want_meta | times
    for name in ("log.jsonl", "log.csv"):
        assert (folder / name).read_bytes() == (expected / name).read_bytes()
    results = [json.loads((f / "results.json").read_text()) for f in (folder, expected)]
    assert results[0]["metrics"] == results[1]["metrics"]


def test_a_run(uninterrupted: Path) -> None:
    records = read_log(uninterrupted)
    assert [record["step"] for record in records if "loss" in record] == list(range(1, 31))
    assert [record["epoch"] for record in records if "epoch" in record] == [1, 2, 3, 4, 5, 6]
    table = (uninterrupted / "log.csv").read_text().splitlines()
    assert table[0] == "step,loss,epoch,weight"
    assert len(table) == 1 + len(records)
    assert saved_params(uninterrupted, {"ladder": "least squares"}).keys() == {"w"}
    assert json.loads((uninterrupted / "results.json").read_text())["steps"] == 30
    assert sorted(os.listdir(uninterrupted)) == [
        "checkpoint.safetensors",
        "log.csv",
        "log.jsonl",
        "results.json",
        "run.json",
        "run.lock",
    ]


@pytest.mark.parametrize("stop", [1, 4, 5, 7, 15, 30])
def test_an_interrupted_run_continues_bit_for_bit(tmp_path: Path, uninterrupted: Path, stop: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path, stop=stop)
    main(tmp_path, resume=True)
    assert_same_run(tmp_path, uninterrupted)


def run_here(code: str, **environment: str) -> subprocess.Popen[str]:
    """A Python process that runs `code` with this file imported as `t`."""
    root = Path(__file__).parents[1]
    environment |= {"PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", f"import pathlib, test_training_utils as t; {code}"]
    return subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE, text=True)


def start(folder: Path, **options: object) -> subprocess.Popen[str]:
    keywords = "".join(f", {name}={value!r}" for name, value in options.items())
    return run_here(f"t.main(pathlib.Path({str(folder)!r}){keywords})")


def wait_for_records(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    log = folder / "log.jsonl"
    while not log.exists() or log.read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_run_killed_again_and_again_continues_bit_for_bit(tmp_path: Path, uninterrupted: Path) -> None:
    for kill, records in enumerate((3, 11, 26)):
        process = start(tmp_path, resume=kill > 0, pause=0.01)
        wait_for_records(tmp_path, records, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (tmp_path / "results.json").exists()
    main(tmp_path, resume=True)
    assert_same_run(tmp_path, uninterrupted)


def test_two_runs_at_once_in_one_folder(tmp_path: Path) -> None:
    process = start(tmp_path, pause=0.2)
    try:
        wait_for_records(tmp_path, 1, process)
        for resume in (False, True):
            with pytest.raises(RunError, match="another run is using"):
                main(tmp_path, resume=resume)
    finally:
        process.kill()
        process.communicate()


def test_a_folder_that_holds_a_run(tmp_path: Path, uninterrupted: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path, stop=6)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RunError, match=r"an unfinished run.*--resume"):
        main(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(RunError, match="a finished run: choose another folder"):
        main(uninterrupted)
    with pytest.raises(RunError, match="is finished"):
        main(uninterrupted, resume=True)


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nothing to resume"):
        main(tmp_path / "new", resume=True)


def test_resuming_with_another_configuration(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path, stop=6)
    with pytest.raises(CheckpointError, match=r"config\.lr is 0\.05 there and 0\.1 here"):
        main(tmp_path, lr=0.1, resume=True)


def test_resuming_with_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path, stop=6)
    log, checkpoint = tmp_path / "log.jsonl", tmp_path / "checkpoint.safetensors"
    whole = log.read_bytes()
    log.write_bytes(whole[:20])
    with pytest.raises(CheckpointError, match="was cut or replaced"):
        main(tmp_path, resume=True)
    log.write_bytes(whole)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="damaged"):
        main(tmp_path, resume=True)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        main(tmp_path, resume=True)


def change_checkpoint(folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    path = folder / "checkpoint.safetensors"
    arrays, meta = load_checkpoint(path)
    change(arrays, meta)
    save_checkpoint(path, arrays, meta)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a, m: a.update({"params.w": a["params.w"][:2]}), r"w has shape \(2,\), the model's has \(3,\)"),
        (lambda a, m: a.update({"params.b": a["params.w"]}), "also has b"),
        (lambda a, m: a.update({"params.b": a.pop("params.w")}), "lacks w, also has b"),
        (lambda a, m: a.update({"params.w": a["params.w"].astype(np.int64)}), "w is int64, the model's is float64"),
        (lambda a, m: a.update({"params.w": a["params.w"] * np.nan}), "w has values that are not finite"),
        (
            lambda a, m: a.update({"optimizer.momentum_buffer.w": np.zeros(2)}),
            r"has shape \(2,\), its parameter \(3,\)",
        ),
        (lambda a, m: a.pop("optimizer.momentum_buffer.w"), "does not fit the code that continues it: KeyError"),
        (lambda a, m: a.update({"batches.order": np.arange(23) + 1}), "the order of the batches"),
        (lambda a, m: m.update(step=-5), "is damaged: step"),
        (lambda a, m: m.update(step="x"), "is damaged: step"),
        (lambda a, m: m.update(step=True), "is damaged: step"),
        (lambda a, m: m.pop("step"), "is damaged: step"),
        (lambda a, m: m.update(elapsed=float("nan")), "is damaged: elapsed"),
        (lambda a, m: m.update(log_bytes="x"), "is damaged: log_bytes"),
        (lambda a, m: m.update(batches="x"), "is damaged: batches"),
        (lambda a, m: m["batches"].update(epoch="x"), "the batches to continue stand at epoch x"),
        (lambda a, m: m.update(generators={}), "does not fit the code that continues it: KeyError"),
    ],
)
def test_checkpoints_that_do_not_fit(tmp_path: Path, change: Callable[[Any, Any], object], says: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path, stop=6)
    change_checkpoint(tmp_path, change)
    with pytest.raises(CheckpointError, match=says):
        main(tmp_path, resume=True)


def test_parameters_of_several_dtypes_do_not_fit() -> None:
    like = {"w": np.zeros(2), "b": np.zeros(1), "steps": np.zeros((), np.int64)}
    assert fitting({name: array.astype(np.float32) for name, array in like.items() if name != "steps"} | {
        "steps": like["steps"]
    }, like, "it").keys() == like.keys()  # fmt: skip
    with pytest.raises(CheckpointError, match="several dtypes: float32, float64"):
        fitting(like | {"w": np.zeros(2, np.float32)}, like, "it")
    with pytest.raises(CheckpointError, match="w is complex64"):
        fitting(like | {"w": np.zeros(2, np.complex64)}, like, "it")


@pytest.mark.parametrize("log", [bytes(range(256)) * 9, b"[1]\n" * 500, b"[" * 200_000 + b"\n", b"{\n" * 500])
def test_a_damaged_log_is_refused_before_training(tmp_path: Path, log: bytes) -> None:
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path, stop=6)
    (tmp_path / "log.jsonl").write_bytes(log)
    with pytest.raises(RunError, match=r"log\.jsonl is damaged"):
        main(tmp_path, resume=True)
    assert (tmp_path / "log.jsonl").read_bytes() == log


@pytest.mark.parametrize("text", ["[]", "null", "[" * 200_000, "{"])
def test_a_damaged_identity(tmp_path: Path, text: str) -> None:
    main(tmp_path)
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"run\.json is damaged"):
        main(tmp_path, resume=True)


def test_another_number_of_threads_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path, stop=6)
    change_checkpoint(tmp_path, lambda a, m: m.update(threads=m["threads"] + 1))
    main(tmp_path, resume=True)
    assert "sums have another order" in capsys.readouterr().err


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be used: Not a directory"):
        main(tmp_path / "file" / "run")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("utils.runs.save_checkpoint", full)
    with pytest.raises(RunError, match=r"step 4 could not be written .*No space left.*--resume"):
        main(tmp_path)


def test_divergence_ends_a_run(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss, match="learning rate"), np.errstate(over="ignore"):
        main(tmp_path, lr=1e200)
    with pytest.raises(NonFiniteLoss, match="perplexity is inf"), Run(tmp_path / "b", {}, rng={}) as run:
        run.log(perplexity=float("inf"))


def test_a_torch_generator_continues(tmp_path: Path) -> None:
    import torch

    def draws(folder: Path, steps: int, *, resume: bool) -> list[float]:
        generator = torch.Generator().manual_seed(4)
        trainer = LeastSquares({"w": np.zeros(2)}, 0.1)
        with Run(folder, {}, rng={"dropout": generator}, resume=resume) as run:
            run.restore(trainer)
            got = [float(torch.rand((), generator=generator)) for _ in range(steps)]
            run.checkpoint(trainer, extra={"memory": np.arange(3)})
        if resume:
            np.testing.assert_array_equal(run.extra["memory"], np.arange(3))
        return got

    whole = draws(tmp_path / "a", 6, resume=False)
    assert draws(tmp_path / "b", 2, resume=False) + draws(tmp_path / "b", 4, resume=True) == whole


# Several processes


def test_one_process() -> None:
    single = processes()
    assert (single.rank, single.world_size, single.is_main) == (0, 1, True)
    assert single.shard(ARRAYS) is ARRAYS
    assert single.mean(3.0) == 3.0


def test_shards() -> None:
    class Second(Processes):
        rank, world_size = 1, 3

    batch = {"x": np.arange(14).reshape(7, 2), "mask": np.arange(21).reshape(3, 7), "scale": np.array(2.0)}
    part = Second().shard(batch, {"mask": 1})
    np.testing.assert_array_equal(part["x"], batch["x"][2:4])
    np.testing.assert_array_equal(part["mask"], batch["mask"][:, 2:4])
    assert part["scale"] == 2.0
    with pytest.raises(ValueError, match="arrays differ in how many they have: x 7, mask 3; the ladder's `batch_axes`"):
        Second().shard(batch)
    with pytest.raises(ValueError, match="a batch of 2 cannot be divided over 3 processes"):
        Second().shard({"x": np.zeros(2)})
