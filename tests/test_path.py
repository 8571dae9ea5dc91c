"""The learner's path: what comes next, `rungs watch` through the course, and `rungs check --all`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rungs import progress
from rungs.app import app
from rungs.catalogue.exercise import Exercise
from rungs.catalogue.loading import all_exercises, chapter_exercises, find_exercise
from rungs.errors import Failed, RungsError
from rungs.exercise.path import ahead, current
from rungs.exercise.watch import Session
from rungs.exercise.work import ExerciseWork
from rungs.map import read_progress

FIRST, SECOND, THIRD = chapter_exercises("01")[:3]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNGS_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "work"


def begin(*exercises: Exercise, done: bool = False) -> progress.Progress:
    with progress.change() as state:
        for exercise in exercises:
            state.entry(exercise.id).begin()
            if done:
                state.entry(exercise.id).passed = progress.now()
    return progress.load()


def answer(exercise: Exercise, text: str) -> Path:
    file = ExerciseWork(exercise).file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


# ---- what comes next ----


def test_the_course_begins_with_its_first_exercise() -> None:
    assert current(progress.load()) == FIRST
    assert ahead(progress.load()) == list(all_exercises())


def test_what_is_begun_comes_first_then_the_rest_of_its_chapter_then_what_was_left_out() -> None:
    third = chapter_exercises("03")
    state = begin(third[2])
    assert current(state) == third[2]
    state = begin(third[2], done=True)
    assert current(state) == third[3]
    assert ahead(state, third[2])[: len(third) - 1] == third[3:] + third[:2]
    assert read_progress().next_step == f"rungs start {third[3].alias}"


def test_after_a_chapter_comes_one_whose_needs_are_begun() -> None:
    state = begin(*chapter_exercises("03"), done=True)
    assert current(state) == FIRST  # 05 needs 01 and 02, which are not begun
    state = begin(*chapter_exercises("01"), *chapter_exercises("02"), *chapter_exercises("03"), done=True)
    assert current(state) == chapter_exercises("05")[0]


def test_at_the_end_there_is_nothing() -> None:
    state = begin(*all_exercises(), done=True)
    assert current(state) is None
    assert "Every exercise is done" in CliRunner().invoke(app, ["watch"]).output


# ---- check ----


def test_a_chapter_offers_its_own_exercises() -> None:
    with pytest.raises(RungsError, match=r"'01' is a chapter; its exercises are 01\.0a \(") as error:
        find_exercise("01")
    assert "07." not in str(error.value)


def test_check_without_a_name_says_which() -> None:
    begin(FIRST, SECOND)
    answer(SECOND, SECOND.solution)
    assert f"{SECOND.alias}, what you worked on last" in CliRunner().invoke(app, ["check"]).output


def test_check_all_says_what_no_longer_passes() -> None:
    assert "No exercise is done yet" in CliRunner().invoke(app, ["check", "--all"]).output
    begin(FIRST, SECOND, THIRD, done=True)
    answer(FIRST, FIRST.solution)
    answer(SECOND, SECOND.misconceptions()[0].source)
    before = progress.load()
    result = CliRunner().invoke(app, ["check", "--all"])
    assert isinstance(result.exception, Failed)
    assert str(result.exception) == f"2 of 3 no longer pass: {SECOND.alias}, {THIRD.alias}"
    lines = result.output.splitlines()
    assert any("passes" in line and FIRST.alias in line for line in lines)
    assert any("is not there" in line for line in lines)
    assert progress.load() == before
    told = json.loads(CliRunner().invoke(app, ["check", "--all", "--json"]).stdout)
    assert told["ok"] is False
    assert {name: row and row["status"] for name, row in told["exercises"].items()} == {
        FIRST.alias: "passed", SECOND.alias: "failed", THIRD.alias: None,
    }  # fmt: skip
    with pytest.raises(RungsError, match="leave out --all"):
        CliRunner().invoke(app, ["check", "01.1", "--all"], catch_exceptions=False)


def test_the_list_fits_into_80_columns() -> None:
    output = CliRunner().invoke(app, ["exercises"]).output
    assert max(map(len, output.splitlines())) <= 80
    for exercise in all_exercises():
        line = next(line for line in output.splitlines() if line.startswith(f"  {exercise.alias} "))
        assert exercise.title[:24] in line and exercise.kind in line and f"{exercise.minutes} min" in line


# ---- watch ----


def wait_for(read, text: str, seconds: float = 60) -> str:
    """What `read` gives, piece by piece, until the text is there."""
    got, deadline = "", time.monotonic() + seconds
    while text not in got:
        assert time.monotonic() < deadline, got
        got += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", read())
    return got


def test_watch_goes_through_the_course_by_keys_and_saves() -> None:
    import pty
    import select

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rungs", "watch"], stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ
    )

    def read() -> str:
        ready = select.select([ours], [], [], 0.1)[0]
        return os.read(ours, 65536).decode(errors="replace") if ready else ""

    try:
        wait_for(read, "q quit")
        os.write(ours, b"h")
        wait_for(read, "Hint 1 of 3")
        os.write(ours, b"r")
        wait_for(read, "y yes")
        os.write(ours, b"n")
        wait_for(read, "Nothing is changed")
        answer(FIRST, FIRST.solution)
        said = wait_for(read, f"{SECOND.file_name} to check it")
        assert "Passed." in said and SECOND.title in said
        os.write(ours, b"q")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
    state = progress.load()
    assert state.is_done(FIRST.id) and state.is_started(SECOND.id)


def test_keys_never_lose_work(capsys: pytest.CaptureFixture[str]) -> None:
    from rungs.exercise.display import new_console

    begin(FIRST)
    file = answer(FIRST, "# mine\n")
    session = Session(ExerciseWork(FIRST), new_console(), course=True)
    assert session.press("r") and session.press("q")  # an answer that is not yes, and no quitting either
    assert file.read_text() == "# mine\n"
    assert session.press("r") and session.press("y")
    assert file.read_bytes() == FIRST.stub.read_bytes()
    assert [path.read_text() for path in file.parent.glob("backups/*/*.py")] == ["# mine\n"]
    kept = answer(SECOND, "# begun before\n")
    session.press("n")
    assert kept.read_text() == "# begun before\n"
    assert "kept as it was" in capsys.readouterr().out
    assert not session.press("q")
