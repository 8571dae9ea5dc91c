"""Two processes end with the parameters of one: every ladder of every chapter, noise in the batch too, and one training
script of each chapter. One launch runs them all."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from utils.chapters import written_chapters
from utils.ladder import Ladder, Params, Script, load_ladders
from utils.parity.tolerances import TRAIN_ATOL, TRAIN_RTOL
from utils.runs import saved_params
from utils.training_utils import processes

STEPS = 3
PATIENCE = 300.0  # seconds on a busy machine
LADDERS = {f"{c.id} {name}": ladder for c in written_chapters() for name, ladder in load_ladders(c.id).items()}


ALONE = {"unet"}  # a step of its script takes a single tile, as in the paper, which two processes cannot share


def scripts() -> Mapping[str, tuple[Ladder, Script]]:
    """A short run of the paper level for each chapter."""
    found: dict[str, tuple[Ladder, Script]] = {}
    for ladder in LADDERS.values():
        for script in ladder.scripts:
            if "--level paper" in script.name and ladder.chapter not in ALONE:
                found.setdefault(ladder.chapter, (ladder, script))
    return found


SCRIPTS = scripts()


def trained(ladder: Ladder) -> Params:
    """The paper level after some steps in float64, on batches of a prime size: the two parts differ in size."""
    rng = np.random.default_rng(0)
    level = ladder.levels["paper"]
    trainer = level.start(ladder.init(rng))
    losses = []
    for step in range(STEPS):
        if ladder.schedule is not None:
            trainer.lr = ladder.schedule(step)
        losses.append(trainer.step(ladder.batch(rng)))
    return trainer.params() | {"losses": np.array(losses)}


def train_all(folder: Path) -> None:
    """Every ladder and every script; the main process writes what it ends with."""
    for name, ladder in LADDERS.items():
        params = trained(ladder)
        if processes().is_main:
            save_file(params, folder / f"{name}.safetensors")
    for chapter, (_, script) in SCRIPTS.items():
        script.run(folder / chapter)


def member(rank: int, folder: Path, port: str) -> None:
    """One of two processes, told as torchrun tells it: through the environment."""
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    assert processes().world_size == 2
    train_all(folder)


def start_two(folder: Path) -> None:
    """Two copies of this process: they have torch loaded."""
    import torch._dynamo  # noqa: F401 - takes seconds; once here instead of in both copies
    from torch.multiprocessing.spawn import start_processes

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    end = time.monotonic() + PATIENCE
    two = start_processes(member, args=(folder, port), nprocs=2, join=False, daemon=True, start_method="fork")
    assert two is not None
    while not two.join(timeout=1.0):
        assert time.monotonic() < end, "the two wait for each other"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the two have written to."""
    folder = tmp_path_factory.mktemp("two")
    start_two(folder)
    return folder


@pytest.mark.parametrize("name", LADDERS)
def test_two_processes_step_like_one(name: str, two: Path) -> None:
    ladder = LADDERS[name]
    got, want = load_file(two / f"{name}.safetensors"), trained(ladder)
    assert got.keys() == want.keys()
    start = ladder.init(np.random.default_rng(0))
    assert any(np.abs(want[key] - start[key]).max() > 1e-4 for key in start)
    for key in want.keys() - ladder.zero_grad:  # Adam divides by its size, and makes steps of rounding there
        np.testing.assert_allclose(got[key], want[key], rtol=TRAIN_RTOL, atol=TRAIN_ATOL, err_msg=key)


@pytest.mark.parametrize("chapter", [chapter.id for chapter in written_chapters() if chapter.id not in ALONE])
def test_a_script_trains_with_two_processes(chapter: str, two: Path, tmp_path: Path) -> None:
    """In float32, which rounds a sum of two parts in another way than a sum of the whole."""
    ladder, script = SCRIPTS[chapter]
    script.run(tmp_path)
    got, want = saved_params(two / chapter), saved_params(tmp_path)
    assert got.keys() == want.keys()
    for key in want.keys() - ladder.zero_grad:
        np.testing.assert_allclose(got[key], want[key], rtol=1e-3, atol=1e-3, err_msg=key)
