"""Every exercise holds to the rules, and each rule is seen to reject a planted breach."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rungs.catalogue.derived import derived_solution
from rungs.catalogue.exercise import Exercise, ExerciseError
from rungs.catalogue.loading import all_exercises, find_exercise, load_exercise
from rungs.catalogue.page import page
from rungs.checking import rules
from rungs.checking.checker import check_file, run_source
from rungs.checking.tester import Tester
from rungs.pages.publish.exercises import exercise_page
from utils.chapters import find_chapter

EXERCISES = all_exercises()


@pytest.mark.parametrize("exercise", EXERCISES, ids=[exercise.id for exercise in EXERCISES])
def test_exercise_holds_to_every_rule(exercise: Exercise) -> None:
    assert rules.breaches(exercise) == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=[exercise.id for exercise in EXERCISES])
def test_exercise_has_a_page(exercise: Exercise) -> None:
    shown = page(exercise)
    assert len(shown.task) > 200
    assert len(shown.hints) == 3
    assert len(shown.explanation) > 100
    assert shown.facts["difficulty"].endswith("of 5")
    assert all(len(text) > 60 for _, text in shown.mistakes)
    assert "guards against accidents, not against malice" in exercise_page(exercise)


def test_exercises_without_torch_load_none() -> None:
    """Nor any other slow library that its own files do not ask for."""
    light = [exercise.id for exercise in EXERCISES if not exercise.torch]
    code = """
import sys
from rungs.catalogue.loading import find_exercise
from rungs.checking.checker import run_source
known = set()
for name in sys.argv[1:]:
    exercise = find_exercise(name)
    assert run_source(exercise, exercise.solution, exercise.path / "solution.py").passed, name
    own = "".join((exercise.path / file).read_text() for file in ("check.py", "solution.py"))
    heavy = {"torch", "sklearn", "scipy", "matplotlib", "pydantic"} & set(sys.modules) - known
    assert all(f"from {library} " in own for library in heavy), (name, heavy)
    known |= heavy
"""
    subprocess.run([sys.executable, "-c", code, *light], check=True, timeout=60)


# ---- the rules reject what they are for ----


@pytest.fixture
def copy(tmp_path: Path):
    """A copy of the ridge exercise in which text can be replaced."""
    original = find_exercise("ridge-gradient")
    folder = tmp_path / original.path.name
    shutil.copytree(original.path, folder)

    def change(name: str, find: str, replace: str) -> Exercise:
        path = folder / name
        source = path.read_text(encoding="utf-8")
        assert find in source
        path.write_text(source.replace(find, replace), encoding="utf-8")
        return load_exercise(folder, find_chapter("01"))

    return change


def test_rule_behaviour_rejects_a_stub_that_passes(copy) -> None:
    exercise = copy("stub.py", 'raise NotImplementedError("ridge_loss")', "return 0.0")
    assert any("the stub is 'failed'" in text for text in rules.behaviour(exercise))


def test_rule_behaviour_rejects_a_wrong_solution(copy) -> None:
    exercise = copy("solution.py", "2 * alpha * weight", "3 * alpha * weight")
    (exercise.path / "mistakes" / "factor_two_missing.py").unlink()
    assert any("the solution does not pass" in text for text in rules.behaviour(exercise))


def test_rule_behaviour_rejects_a_mistake_that_passes(copy) -> None:
    exercise = copy("mistakes/not_centred.py", '"xc, yc = x, y"', '"xc, yc = (x - x_mean), y - y_mean"')
    assert any("not_centred is 'passed'" in text for text in rules.behaviour(exercise))


def test_rule_behaviour_rejects_mistakes_that_cannot_be_told_apart(copy) -> None:
    exercise = copy(
        "mistakes/not_centred.py", '("xc, yc = x - x_mean, y - y_mean", "xc, yc = x, y")', '("y.size * alpha", "alpha")'
    )
    assert any("not_centred is taken for alpha_not_scaled" in text for text in rules.behaviour(exercise))


def test_rule_sentinel_rejects_a_function_that_is_never_called(copy) -> None:
    exercise = copy("check.py", "def check_fit", "def unused_fit")
    assert rules.sentinel(exercise) == ["the checker does not run the learner's ridge_fit: no failure"]


def test_rule_leaks_rejects_the_answer_in_a_comment(copy) -> None:
    exercise = copy("stub.py", "def ridge_fit", "# xc.T @ yc / len(x)\ndef ridge_fit")
    assert rules.leaks(exercise) == []  # nothing of the solution's
    exercise = copy("stub.py", "def ridge_fit", "#     2*residual / residual.size\ndef ridge_fit")
    exercise = copy("README.md", "Write three functions", "Use `xc.T @ xc + y.size * alpha * np.eye(x.shape[1])`")
    assert rules.leaks(exercise) == [
        "the learner's copy contains '2 * residual / residual.size'",
        "the learner's copy contains 'xc.T @ xc + y.size * alpha * np.eye(x.shape[1])'",
    ]


def test_rule_back_rejects_what_comes_later(copy) -> None:
    copy("stub.py", "import numpy as np", "import numpy as np\nfrom activations_numpy import ReLU")
    exercise = copy("README.md", "Write three functions", "Dropout would do too. Write three functions")
    found = rules.back(exercise)
    assert "the text speaks of dropout, which chapter 02 teaches (or list it in `mentions`)" in found
    assert rules.back(dataclasses.replace(exercise, mentions=("dropout",))) == [
        text for text in found if "dropout" not in text
    ]
    if "activations_numpy" in rules._taught():
        assert "stub.py imports activations_numpy of chapter 02, which comes later" in found


def test_rule_independent_rejects_a_checker_that_knows_the_solution(copy) -> None:
    exercise = copy(
        "check.py", "import numpy as np", "import numpy as np\nimport torch\nfrom solution import ridge_fit"
    )
    found = rules.independent(exercise)
    assert "check.py imports solution" in found
    assert any("imports torch" in text for text in found)


@pytest.mark.parametrize(
    ("find", "replace", "message"),
    [
        ('kind = "extend"', 'kind = "essay"', "kind 'essay' is none of"),
        ("difficulty = 2", "difficulty = 6", "difficulty 6 is not between"),
        ("minutes = 30", "minuts = 30", "the key 'minutes' is missing"),
        ("minutes = 30", "minutes = 30\ntorhc = true", "unknown key 'torhc'; did you mean 'torch'?"),
        ("minutes = 30", 'minutes = "30"', "minutes must be a int"),
        ('chapter = "01"', 'chapter = "99"', "no chapter '99'"),
        ("difficulty = 2", "difficulty = = 2", "exercise.toml"),
        (
            "minutes = 30",
            'minutes = 30\nsolution_from = { module = "linear_numpy" }',
            "solution_from must look like { module",
        ),
        (
            "minutes = 30",
            'minutes = 30\nsolution_from = { module = "linear_numpy", names = ["Linear"] }',
            "solution_from and a solution.py",
        ),
    ],
)
def test_faulty_metadata_is_refused(copy, find: str, replace: str, message: str) -> None:
    with pytest.raises(ExerciseError, match=re.escape(message)):
        copy("exercise.toml", find, replace)


@pytest.mark.parametrize(
    ("folder", "kind", "message"),
    [
        ("00a_ridge", "extend", "a warm-up, and nothing else"),
        ("01_ridge", "warm-up", "a warm-up, and nothing else"),
        ("1_ridge", "extend", "must begin with its order"),
        ("00_ridge", "extend", "must begin with its order"),
    ],
)
def test_the_order_fits_the_kind(tmp_path: Path, folder: str, kind: str, message: str) -> None:
    original = find_exercise("ridge-gradient")
    shutil.copytree(original.path, tmp_path / folder)
    text = (tmp_path / folder / "exercise.toml").read_text(encoding="utf-8")
    (tmp_path / folder / "exercise.toml").write_text(text.replace('"extend"', f'"{kind}"'), encoding="utf-8")
    with pytest.raises(ExerciseError, match=message):
        load_exercise(tmp_path / folder, original.chapter)


def test_every_chapter_begins_with_warm_ups() -> None:
    for chapter in {exercise.chapter.id: exercise.chapter for exercise in EXERCISES}.values():
        own = [exercise for exercise in EXERCISES if exercise.chapter == chapter]
        count = sum(exercise.kind == "warm-up" for exercise in own)
        assert count in (2, 3), chapter.id
        assert all(exercise.kind == "warm-up" and exercise.minutes <= 5 for exercise in own[:count])


# ---- a solution that stands in a module of the chapter ----

STUB = '''"""A stub."""

from collections.abc import Iterable

import torch
from torch import nn


class Head(nn.Module):
    """A head."""

    def forward(self, x):
        raise NotImplementedError("Head.forward")


SIZE = 3


def fit(batches: Iterable[torch.Tensor]) -> None:
    """Given."""
'''
MODULE = '''"""A module."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import numpy as np
from torch import nn


@functools.cache
def table(n: int) -> Sequence[int]:
    return range(n)


# --8<-- [start:head]
class Head(nn.Module):
    """A head."""

    def forward(self, x):
        return self.scale * x  # pyright: ignore[reportOperatorIssue]


# --8<-- [end:head]


def other(x: np.ndarray) -> np.ndarray:
    return x
'''
DERIVED = '''"""A stub."""

import functools
from collections.abc import Iterable, Sequence

from torch import nn

import torch


class Head(nn.Module):
    """A head."""

    def forward(self, x):
        return self.scale * x


@functools.cache
def table(n: int) -> Sequence[int]:
    return range(n)


SIZE = 3


def fit(batches: Iterable[torch.Tensor]) -> None:
    """Given."""
'''


def test_a_solution_is_made_of_a_modules_definitions() -> None:
    assert derived_solution(STUB, MODULE, ["Head", "table"]) == DERIVED
    with pytest.raises(ValueError, match="does not define tables, heads"):
        derived_solution(STUB, MODULE, ["Head", "tables", "heads"])


@pytest.mark.parametrize(
    ("find", "replace", "message"),
    [
        ('"resnet_production"', '"resnet_productoin"', "has no resnet_productoin.py"),
        ('"gem_head"]', '"gem_heat"]', "resnet_production: the module does not define gem_heat"),
    ],
)
def test_a_solution_that_the_module_lacks_is_named(tmp_path: Path, find: str, replace: str, message: str) -> None:
    original = find_exercise("timm-gem-head")
    folder = tmp_path / original.path.name
    shutil.copytree(original.path, folder)
    text = (folder / "exercise.toml").read_text(encoding="utf-8")
    assert find in text
    (folder / "exercise.toml").write_text(text.replace(find, replace), encoding="utf-8")
    with pytest.raises(ExerciseError, match=message):
        _ = load_exercise(folder, original.chapter).solution


# ---- names ----


@pytest.mark.parametrize("name", ["ridge-gradient", "01.1", "1.1", "01.01", "01_ridge", " 01.1 ", "RIDGE-gradient"])
def test_find_exercise(name: str) -> None:
    assert find_exercise(name).id == "ridge-gradient"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ridge-gradiant", "did you mean 01.1"),
        ("01.99", "chapter 01 has 01.0a"),
        ("12.1", "none yet"),
        ("zzz", "rungs exercises"),
    ],
)
def test_unknown_exercise(name: str, message: str) -> None:
    with pytest.raises(ExerciseError, match=message):
        find_exercise(name)


# ---- what a learner sees ----


def answer(find: str = "", replace: str = "") -> str:
    source = find_exercise("ridge-gradient").solution
    assert find in source
    return source.replace(find, replace) if find else source


def verdict(source: str, tmp_path: Path):
    return run_source(find_exercise("ridge-gradient"), source, tmp_path / "answer.py")


@pytest.mark.parametrize(
    ("find", "replace", "status", "headline"),
    [
        ("", "", "passed", None),
        ("def ridge_fit(", "def ridge_fit(", "passed", None),
        ("def ridge_fit", "def ridge_git", "not written", "ridge_fit is not there"),
        ("return float((residual**2).mean() + alpha * (weight**2).sum())", "pass", "not written", "ridge_loss is None"),
        ("return float((", 'return "a lot" + float((', "failed", "raised TypeError"),
        ("    return float((", "    x -= 1\n    return float((", "failed", "x was changed in place"),
        ("return float((residual**2).mean() +", "return float((residual**2).mean(", "broken", "not valid Python"),
        ("import numpy as np", "import numpi as np", "broken", "ModuleNotFoundError: No module named 'numpi'"),
        ("import numpy as np", "import numpy as np\nexit()", "broken", "it called exit()"),
        ("    return float((residual", "    exit()\n    return float((residual", "failed", "called exit()"),
        ("(residual**2).mean() + ", "(residual**2).mean() + np.nan + ", "failed", "is not finite"),
        ("return float((residual**2).mean()", "return list((residual**2).mean(0)", "failed", "expected (), got (3,)"),
        ("    return float((", "    ridge_loss(x, y, weight, bias, alpha)\n    return float((", "failed", "calls itself"),
    ],
)  # fmt: skip
def test_headlines(tmp_path: Path, find: str, replace: str, status: str, headline: str | None) -> None:
    found = verdict(answer(find, replace), tmp_path)
    assert found.status == status, found
    assert (found.failure is None) == (headline is None)
    assert found.failure is None or str(headline) in found.failure.headline


def test_a_failure_says_all_there_is_to_know(tmp_path: Path) -> None:
    found = verdict(answer("2 * alpha * weight", "alpha * weight"), tmp_path)
    assert [part.status for part in found.parts] == ["passed", "failed", "passed"]
    assert found.failure is not None
    assert found.failure.called == "ridge_gradient(x (11, 5), y (11, 3), weight (3, 5), bias (3,), alpha=0.3)"
    assert found.failure.what == "the gradient of weight"
    assert "shape (3, 5) float64" in found.failure.expected
    assert "allowed: 1e-09 + 1e-09 x |expected|" in found.failure.difference
    assert found.mistake == "factor_two_missing"
    assert found.explanation.startswith("The derivative of alpha w^2")


def test_an_unknown_mistake_gets_no_explanation(tmp_path: Path) -> None:
    found = verdict(answer("2 * alpha * weight", "7 * alpha * weight"), tmp_path)
    assert (found.status, found.mistake) == ("failed", "")


def test_partial_work_is_checked(tmp_path: Path) -> None:
    found = verdict(answer("2 * alpha * weight", "alpha * weight").split("def ridge_fit")[0], tmp_path)
    assert [part.status for part in found.parts] == ["passed", "failed", "not written"]
    assert found.mistake == "factor_two_missing"


def test_tester_takes_tensors(tmp_path: Path) -> None:
    import torch

    module = type(sys)("answer")
    module.__dict__.update(double=lambda x: 2 * x, grow=lambda x: x.detach().mul_(2))
    x = torch.arange(6.0, dtype=torch.float64).reshape(2, 3).requires_grad_()
    t = Tester(module, tmp_path / "answer.py", "part")
    t.equal(t.call("double", x), 2 * x)
    assert t.failure is None
    assert t.called == "double(x (2, 3))"
    t.equal(t.call("grow", x), 4 * x)
    assert t.failure is not None
    assert t.failure.headline == "x was changed in place"


def test_tester_raises_and_between(tmp_path: Path) -> None:
    module = type(sys)("answer")
    module.__dict__.update(
        picky=lambda n: 1 / 0 if n == 0 else n, refuse=lambda n: (_ for _ in ()).throw(ValueError("n must be even"))
    )
    for part, expected in [
        (lambda t: t.raises("refuse", 3, says="even"), None),
        (lambda t: t.raises("refuse", 3, says="odd"), "the error message does not say enough"),
        (lambda t: t.raises("picky", 3), "no ValueError"),
        (lambda t: t.raises("picky", 0), "your code raised ZeroDivisionError"),
        (lambda t: t.between(0.5, 0, 1), None),
        (lambda t: t.between(2.0, 0, 1, what="the ratio"), "the ratio is outside the range"),
        (lambda t: t.between(float("nan"), 0, 1, what="the ratio"), "the ratio is outside the range"),
        (lambda t: t.between([1, 2], 0, 1, what="the ratio"), "the ratio should be one number"),
        (lambda t: t.require(False, "no good"), "no good"),
    ]:
        t = Tester(module, tmp_path / "answer.py", "part")
        part(t)
        assert (t.failure is None) == (expected is None), t.failure
        assert t.failure is None or t.failure.headline.startswith(str(expected))


@pytest.mark.parametrize(
    ("line", "status", "headline"),
    [
        ("while True: pass", "stopped", "did not come back within 5 s"),
        ("__import__('os')._exit(3)", "stopped", "ended the process (exit status 3)"),
        ("__import__('ctypes').string_at(0)", "stopped", "crashed the Python process (SIGSEGV)"),
        ("np.ones(2**40)", "failed", "asked for more memory"),
        ("print('I was here'); exit()", "failed", "called exit()"),
    ],
)
def test_a_learners_accident_does_not_hurt_the_checker(tmp_path: Path, line: str, status: str, headline: str) -> None:
    path = tmp_path / "answer.py"
    path.write_text(answer("    dresidual = 2", f"    {line}\n    dresidual = 2"), encoding="utf-8")
    exercise = dataclasses.replace(find_exercise("ridge-gradient"), seconds=5 if line.startswith("while") else 120)
    found = check_file(exercise, path)
    assert found.status == status, found
    assert found.failure is not None
    assert headline in found.failure.headline
    assert found.failure.called.startswith("ridge_gradient(x (11, 5)")
    if "_exit" not in line:
        assert found.failure.where.startswith("line 20: ")
    if "print" in line:
        assert "I was here" in found.output
