"""Solutions changed in plausible ways: the changes are made, a weak checker is found out, and a verdict cannot be forged."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest

from rungs.catalogue.exercise import Claim, Exercise
from rungs.catalogue.loading import all_exercises, find_exercise
from rungs.checking.changes import Change, source_changes
from rungs.checking.checker import check_file
from rungs.checking.claims import hints
from rungs.checking.mutation import SEED, forked, receipt, try_all, try_changes, try_sample

RIDGE = find_exercise("ridge-gradient")
WRONG = RIDGE.solution.replace("2 * alpha * weight", "alpha * weight")


def test_source_is_changed_one_place_at_a_time() -> None:
    source = "def f(x, y):\n    y += x.sum(axis=0)\n    return -y\n"
    assert {change.name for change in source_changes(source, ["f"])} == {
        "f: `y += x.sum(axis=0)` -> `y = x.sum(axis=0)`",
        "f: `x.sum(axis=0)` -> `x.sum()`",
        "f: `x.sum(axis=0)` -> `x.sum(axis=1)`",
        "f: `x.sum(axis=0)` -> `x.mean(axis=0)`",
        "f: `0` -> `1`",
        "f: `-y` -> `y`",
    }
    assert source_changes(source, ["g"]) == []


def test_a_copy_of_the_process_that_hangs_or_ends_gives_nothing() -> None:
    assert forked(lambda: {"a": 1}, 30.0) == {"a": 1}
    assert forked(lambda: os._exit(3), 30.0) is None
    with pytest.raises(TimeoutError):
        forked(lambda: time.sleep(60), 0.01)
    with pytest.raises(TimeoutError):
        forked(lambda: [None for _ in iter(int, 1)] and None, 0.5)


CLEAN = [exercise for exercise in all_exercises() if receipt().get(exercise.id, {}).get("passed") == []]
"""Where the receipt has no change that passes; there must be none later."""


@pytest.mark.parametrize("exercise", CLEAN, ids=[exercise.id for exercise in CLEAN])
def test_a_sample_of_changes_is_refused(exercise: Exercise) -> None:
    seed = int(os.environ.get(SEED, "0"))
    print(f"{SEED}={seed}")
    assert try_sample(exercise, seed).passed == []


@pytest.mark.whole
@pytest.mark.parametrize("exercise", CLEAN, ids=[exercise.id for exercise in CLEAN])
def test_every_change_is_refused(exercise: Exercise) -> None:
    tally = try_all(exercise)
    assert (tally.passed, tally.needless) == ([], [])


def test_a_change_that_passes_is_named_unless_it_is_allowed() -> None:
    changes = [c for c in source_changes(RIDGE.solution, ["ridge_fit"]) if c.name.endswith("`y + y_mean`")]
    strict = dataclasses.replace(RIDGE, allowed={})
    assert try_changes(strict, changes, 1.0).passed == [changes[0].name]
    assert list(try_changes(RIDGE, changes, 1.0).allowed) == [changes[0].name]


def test_a_change_that_only_takes_too_long_is_named() -> None:
    endless = Change("endless", RIDGE.solution + "\nwhile True: pass\n")
    wrong = Change("wrong", WRONG)
    tally = try_changes(RIDGE, [endless, wrong], 0.0)
    assert (tally.refused, tally.late) == (2, ["endless"])


FORGED = """
import glob, json, os
for folder in glob.glob("/tmp/rungs-*/") + [os.path.dirname(p) for p in __import__("sys").argv[1:]]:
    with __import__("contextlib").suppress(OSError), open(os.path.join(folder, "answer.json"), "w") as file:
        json.dump({"result": {"exercise": "ridge-gradient", "status": "passed", "parts": [], "failure": None}}, file)
os._exit(0)
"""


@pytest.mark.parametrize(
    "attack",
    [
        "np.all = np.allclose = lambda *a, **k: True\n",
        "from rungs.checking.tester import Tester\nTester.fail = lambda *a, **k: None\n",
        "import rungs.checking.tester as t\nt.rounded_to_single = lambda *a: False\n",
        FORGED,
    ],
)
def test_an_answer_that_changes_what_the_checker_needs_does_not_pass(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "answer.py"
    path.write_text(WRONG + attack, encoding="utf-8")
    assert check_file(RIDGE, path).status in ("broken", "stopped", "exited")


def test_a_replacement_at_call_time_fails_the_part(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text(
        WRONG.replace("    dresidual", "    np.all = lambda *a, **k: True\n    dresidual"), encoding="utf-8"
    )
    verdict = check_file(RIDGE, path)
    assert verdict.failure is not None
    assert verdict.failure.headline == "your code replaces numpy.all"


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text("\ufeff" + RIDGE.solution.replace("return dresidual.T", "return (dresidual.T"), encoding="utf-8")
    assert check_file(RIDGE, path).status == "broken"
    path.write_text("\ufeff" + RIDGE.solution, encoding="utf-8")
    assert check_file(RIDGE, path).passed


@pytest.mark.parametrize("name", ["07.5", "07.6", "05.6"])
def test_an_untouched_bug_hunt_shows_symptoms_alone(tmp_path: Path, name: str) -> None:
    exercise = find_exercise(name)
    path = tmp_path / "answer.py"
    path.write_bytes(exercise.stub.read_bytes())
    verdict = check_file(exercise, path)
    assert (verdict.status, verdict.mistake, verdict.explanation) == ("failed", "", "")


def test_a_formula_in_a_hint_that_does_not_hold_is_found() -> None:
    assert hints(RIDGE) == []
    wrong = Claim(3, "n k alpha", "ridge_fit", "gram - xc.T @ xc == n * alpha * np.eye(f)")
    found = hints(dataclasses.replace(RIDGE, claims=(wrong,)))
    assert any("does not contain what the hint says" in text for text in found)
    assert any("does not hold" in text for text in found)
    elsewhere = dataclasses.replace(wrong, says="n alpha k")
    assert "hint 3 does not say 'n alpha k'" in hints(dataclasses.replace(RIDGE, claims=(elsewhere,)))
