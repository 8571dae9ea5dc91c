"""The learner's commands: start, check, hint, solution, reset, watch, exercises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rungs import progress
from rungs.app import app
from rungs.catalogue.loading import find_exercise
from rungs.cli import main
from rungs.errors import RungsError
from utils.errors import ReaderError

EXERCISE = find_exercise("ridge-gradient")
SOLUTION = EXERCISE.solution


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNGS_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("COLUMNS", "110")
    return tmp_path / "work"


@pytest.fixture
def file(work: Path) -> Path:
    return work / "ridge-gradient" / "ridge_gradient.py"


def run(*arguments: str, code: int = 0, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, list(arguments), input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def test_start_copies_stub_and_task_and_nothing_else(work: Path, file: Path) -> None:
    output = run("start", "01.1")
    assert "Ridge regression" in output
    assert "rungs check 01.1" in output
    assert sorted(path.name for path in file.parent.iterdir()) == ["README.md", "ridge_gradient.py"]
    assert file.read_bytes() == EXERCISE.stub.read_bytes()
    assert progress.load().is_started("ridge-gradient")


def test_start_again_keeps_what_is_there(file: Path) -> None:
    run("start", "01.1")
    file.write_text("# mine\n")
    assert "kept as it was" in run("start", "ridge-gradient")
    assert file.read_text() == "# mine\n"
    file.unlink()
    run("start", "01.1")
    assert file.read_bytes() == EXERCISE.stub.read_bytes()


def test_check_from_stub_to_solution(file: Path) -> None:
    run("start", "01.1")
    assert "not written yet: ridge_loss" in run("check", "01.1", code=1)
    file.write_text(SOLUTION.replace("2 * alpha * weight", "alpha * weight"))
    output = run("check", code=1)  # without a name: what was worked on last
    for text in (
        "✓ The loss is the mean squared error plus the penalty",
        "✗ The gradient agrees with central differences",
        "the gradient of weight gives other numbers than expected",
        "ridge_gradient(x (11, 5), y (11, 3), weight (3, 5), bias (3,), alpha=0.3)",
        "expected",
        "allowed: 1e-09 + 1e-09 x |expected|",
        "Likely",
        "The derivative of alpha w^2 is 2 alpha w.",
        "rungs hint 01.1",
    ):
        assert text in output, output
    assert progress.load().entry("ridge-gradient").mistake == "factor_two_missing"
    file.write_text(SOLUTION + "\nprint('hello from the learner')\n")
    output = run("check", "01.1")
    assert "Passed." in output
    assert "hello from the learner" in output
    assert progress.load().is_done("ridge-gradient")


def test_check_as_json(file: Path) -> None:
    run("start", "01.1")
    file.write_text(SOLUTION)
    verdict = json.loads(run("check", "01.1", "--json"))
    assert verdict["status"] == "passed"
    assert [part["status"] for part in verdict["parts"]] == ["passed"] * 3


def test_hints_in_order_without_what_the_check_has_said(file: Path) -> None:
    run("start", "01.1")
    assert "You have seen no hint" in run("hint", "01.1", "--again")
    assert "Hint 1 of 3" in run("hint", "01.1")
    file.write_text(SOLUTION.replace("2 * alpha * weight", "alpha * weight"))
    run("check", "01.1", code=1)
    output = run("hint", "01.1")
    assert "Hint 2 of 3" in output
    assert "The derivative of alpha w^2" not in output
    assert "Hint 3 of 3" in run("hint")
    assert "All three hints are used" in run("hint")
    assert progress.load().entry("ridge-gradient").hints == 3
    assert run("hint", "--again").count("of 3") == 3


def test_hint_before_start() -> None:
    with pytest.raises(RungsError, match=r"is not begun; `rungs start 01\.1`"):
        run("hint", "01.1")


def test_solution_asks_records_shows_the_difference_and_explains(file: Path) -> None:
    run("start", "01.1")
    file.write_text(SOLUTION.replace("2 * alpha * weight", "alpha * weight"))
    run("solution", "01.1", code=1, stdin="n\n")
    assert not progress.load().entry("ridge-gradient").solution
    output = run("solution", "01.1", stdin="y\n")
    assert "-    return dresidual.T @ x + alpha * weight, dresidual.sum(axis=0)" in output
    assert "+    return dresidual.T @ x + 2 * alpha * weight, dresidual.sum(axis=0)" in output
    assert "The penalty does not contain" in output
    assert progress.load().entry("ridge-gradient").solution
    file.write_text(SOLUTION)
    assert "is the solution, letter by letter" in run("solution", "01.1", "--yes")


def test_a_solution_that_stands_in_a_module_of_the_chapter() -> None:
    output = run("solution", "05.12", "--yes")
    assert "05_ResNet/production/resnet_production.py" in output
    assert "class GeMPool(nn.Module):" in output
    assert "small_image_stem" not in output


def test_reset_keeps_a_dated_backup(file: Path) -> None:
    run("start", "01.1")
    for text in ("# first\n", "# second\n"):
        file.write_text(text)
        run("reset", "01.1")
        assert file.read_bytes() == EXERCISE.stub.read_bytes()
    kept = sorted(file.parent.glob("backups/*/ridge_gradient.py"))
    assert [path.read_text() for path in kept] == ["# first\n", "# second\n"]
    assert kept[0].parent.name.startswith("20")
    with pytest.raises(RungsError, match="is not begun"):
        run(
            "reset",
            "03.numpy"
            if (find_exercise("01.1").chapter.path.parent / "03_CNN_LeNet" / "ladder.py").exists()
            else "01.numpy",
        )


def test_an_update_leaves_the_learners_file_and_tells_once(file: Path) -> None:
    run("start", "01.1")
    file.write_text(SOLUTION)
    with progress.change() as state:  # as if the stub had been another one when it was copied
        entry = state.entry("ridge-gradient")
        entry.stub = entry.told = "0" * 64
    assert "this exercise has changed since you began it" in run("check", "01.1")
    assert "has changed" not in run("check", "01.1")
    assert file.read_text() == SOLUTION


def test_list(file: Path) -> None:
    assert "Ridge regression" in run("exercises")
    run("start", "01.1")
    assert "begun" in run("exercises", "01")
    rows = {row["id"]: row for row in json.loads(run("exercises", "--json"))}
    assert next(iter(rows)) == "class-scores"
    assert rows["ridge-gradient"]["progress"]["started"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check",), "no exercise is begun"),
        (("check", "01.1"), "is not there; `rungs start 01.1` writes it"),
        (("start", "01.99"), "no exercise '01.99'; chapter 01 has"),
        (("start", "ridge"), "did you mean"),
        (("start", "99.numpy"), "no chapter '99'"),
        (("start", "12.numpy"), "is planned and not written yet"),
        (("hint", "01.numpy"), "a whole level has no hints of its own"),
        (("exercises", "99"), "no chapter '99'"),
        (("watch", "01.1"), "`rungs start 01.1` writes it"),
    ],
)
def test_bad_input_says_what_to_do(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(RungsError, match=message.replace("(", r"\(")):
        run(*arguments)


def test_capstone_start_reset_solution(work: Path) -> None:
    output = run("start", "01.numpy")
    assert "rungs verify 01 --mine" in output
    path = work / "01.numpy" / "linear_numpy.py"
    text = path.read_text()
    assert "raise NotImplementedError" in text
    assert "linear.weight" in text  # the briefing
    path.write_text("# mine\n")
    assert "kept" in run("start", "01.numpy")
    assert path.read_text() == "# mine\n"
    run("reset", "01.numpy")
    assert path.read_text() == text
    assert [p.read_text() for p in path.parent.glob("backups/*/linear_numpy.py")] == ["# mine\n"]
    assert "+class Linear" not in run("solution", "01.numpy", "--yes")  # the class line is in both


def test_watch_checks_at_once_and_on_save(work: Path, file: Path) -> None:
    run("start", "01.1")
    log = work / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "rungs", "watch", "01.1"],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ,
        )
        try:
            _wait_for(log, "not written yet: ridge_loss")
            file.write_text(SOLUTION.replace("2 * alpha * weight", "alpha * weight"))
            _wait_for(log, "The derivative of alpha w^2")
            part = file.with_suffix(".tmp")  # as editors save that replace the file
            part.write_text(SOLUTION)
            part.replace(file)
            _wait_for(log, "Passed.")
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in log.read_text(encoding="utf-8", errors="replace"):
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.05)


def test_a_full_disk_leaves_no_file_behind(work: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    for name in ("01.1", "01.numpy"):
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            with pytest.raises(RungsError, match="cannot be written: No space left"):
                run("start", name)
    assert [path for path in work.rglob("*") if path.is_file() and path.name != ".progress.lock"] == []
    run("start", "01.1")
    file.write_text("# mine\n")
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(ReaderError, match="cannot be written: No space left"):
            run("reset", "01.1")
    assert file.read_text() == "# mine\n"
    assert list(work.rglob("backups")) == []


ANSWERS = {
    "raise KeyboardInterrupt\n": "your file cannot be imported: KeyboardInterrupt",
    "def ridge_loss(*a, **k):\n    raise KeyboardInterrupt\n": "your code raised KeyboardInterrupt",
    "class E(BaseException):\n    def __str__(self):\n        raise ValueError\nraise E\n": "(its __str__ fails)",
    "def ridge_loss(*a, **k):\n    raise ValueError('\\ud800')\n": "your code raised ValueError: \\ud800",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_that_raise_what_they_should_not(file: Path, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("start", "01.1")
    file.write_text(answer)
    assert main(["check", "01.1"]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    assert ANSWERS[answer] in said.out
