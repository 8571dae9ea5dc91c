"""The learner's progress: atomic, safe for two terminals, kept when it cannot be read."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rungs import progress

ADD = """
import sys
from rungs import progress
for _ in range(int(sys.argv[1])):
    with progress.change() as state:
        state.entry("x").checks += 1
"""


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "my work"
    monkeypatch.setenv("RUNGS_WORK", str(folder))
    return folder


def test_nothing_begun(work: Path) -> None:
    state = progress.load()
    assert not state.started()
    assert state.latest() is None
    assert not work.exists()  # looking does not write


def test_round_trip(work: Path) -> None:
    with progress.change() as state:
        entry = state.entry("ridge-gradient")
        entry.started, entry.touched, entry.hints, entry.explained = "2026-01-01", "2026-01-02", 2, ["factor"]
    assert progress.load() == state
    assert progress.load().is_started("ridge-gradient")
    assert not progress.load().is_done("ridge-gradient")
    assert progress.load().latest() == "ridge-gradient"


def test_a_block_that_raises_writes_nothing() -> None:
    with progress.change() as state:
        state.entry("x").checks = 1
    with pytest.raises(ZeroDivisionError), progress.change() as state:
        state.entry("x").checks = 1 // 0
    assert progress.load().entry("x").checks == 1


def test_two_terminals_lose_nothing() -> None:
    processes = [subprocess.Popen([sys.executable, "-c", ADD, "60"]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert progress.load().entry("x").checks == 180


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_kill_at_any_moment_loses_nothing_that_was_written(work: Path) -> None:
    pause, before = random.Random(0), 0
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", ADD, "1000000"])
        deadline = time.monotonic() + 20
        while progress.load().entry("x").checks == before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(pause.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = progress.load().entry("x").checks
        assert after > before
        before = after
        with progress.change() as state:  # the lock is free again
            assert state.entry("x").checks == after
    assert not list(work.glob("progress.unreadable*"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"exercises": 3}',
        b'{"exercises": {"x": 1}}',
        b'{"exercises": {"x": {"checks": "many"}}}',
        b"\xff\xfe\x00",
        b'{"exercises": {}',
        b"null",
        b'{"version": 99, "exercises": {}}',
        b'{"version": "one", "exercises": {}}',
        b'{"version": null, "exercises": {}}',
        b'{"version": 1, "exercises": ' + b'{"a": ' * 100_000 + b"}" * 100_001,
        b'{"exercises": {"x": {"hints": 77}}}',
        b'{"exercises": {"x": {"hints": -1}}}',
        b'{"exercises": {"x": {"hints": true}}}',
        b'{"exercises": {"x": {"explained": [[]]}}}',
    ],
)
def test_an_unreadable_file_is_kept_aside(work: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    work.mkdir()
    (work / "progress.json").write_bytes(content)
    assert not progress.load().started()
    kept = list(work.glob("progress.unreadable-*.json"))
    assert [path.read_bytes() for path in kept] == [content]
    message = capsys.readouterr().err
    assert "could not be read" in message
    assert kept[0].name in message
    with progress.change() as state:
        state.entry("x").checks = 1
    assert progress.load().entry("x").checks == 1
    assert capsys.readouterr().err == ""


def test_unknown_keys_do_no_harm(work: Path) -> None:
    work.mkdir()
    (work / "progress.json").write_text('{"version": 1, "exercises": {"x": {"checks": 3, "mood": "good"}}}')
    assert progress.load().entry("x").checks == 3


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RUNGS_WORK", str(tmp_path / "file" / "work"))
    with pytest.raises(progress.ProgressError, match="set RUNGS_WORK to another folder"), progress.change():
        pass


def test_a_full_disk_leaves_the_old_file(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with progress.change() as state:
        state.entry("x").checks = 1

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(progress.ProgressError, match="No space left"), progress.change() as state:
        state.entry("x").checks = 2
    assert progress.load().entry("x").checks == 1
