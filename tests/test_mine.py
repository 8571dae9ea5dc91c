"""The learner's own level in the equality suite: whole, half written, wrong, and broken."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from rungs import progress
from rungs.errors import Failed, RungsError
from rungs.level import mine, proving
from rungs.level.files import default_folder, find_files, level_modules, modules_to_write, unproved
from rungs.level.skeleton import make_skeleton
from utils.chapters import find_chapter
from utils.ladder import load_ladders
from utils.parity.stand_in import StandIn

CHAPTER = find_chapter("01")
OURS = level_modules(CHAPTER, "numpy")


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNGS_WORK", str(tmp_path / "work"))
    return tmp_path


def write(
    folder: Path, name: str = "linear_numpy", find: str = "", replace: str = "", *, skeleton: bool = False
) -> Path:
    source = OURS[name].read_text(encoding="utf-8")
    source = make_skeleton(source) if skeleton else source
    assert find in source
    path = folder / f"{name}.py"
    path.write_text(source.replace(find, replace) if find else source, encoding="utf-8")
    return path


def report(path: Path, ladder: str = "linear") -> dict[str, Any]:
    """The report of one ladder, in this process."""
    answer = proving.verify_in_child("01", "numpy", {path.stem: str(path)}, ladder, 1)
    assert "problem" not in answer, answer
    assert len(answer["reports"]) == 1
    return answer["reports"][0]


def statuses(found: dict[str, Any]) -> set[str]:
    return {finding["status"] for finding in found["findings"]}


def test_our_own_file_passes_and_is_the_one_that_runs(work: Path) -> None:
    assert statuses(report(write(work))) == {"equal"}
    cry = "    def zero_grads(self) -> None:\n        raise ZeroDivisionError('sentinel')\n"
    found = report(write(work, find="    def zero_grads(self) -> None:\n", replace=cry))
    assert not found["ok"]
    assert any("sentinel" in finding["message"] for finding in found["findings"])


def test_ours_is_back_afterwards(work: Path) -> None:
    import linear_numpy

    report(write(work))
    assert sys.modules["linear_numpy"] is linear_numpy
    assert not any(isinstance(finder, StandIn) for finder in sys.meta_path)
    assert not (work / "__pycache__").exists()


def test_a_skeleton_is_not_written_yet(work: Path) -> None:
    found = report(write(work, skeleton=True))
    assert statuses(found) == {"not written"}
    assert not found["ok"]


def test_half_a_level_is_checked_by_half(work: Path) -> None:
    whole = OURS["linear_numpy"].read_text(encoding="utf-8")
    begin, end = whole.index("class GradientDescent"), whole.index("class LinearRegression")
    path = work / "linear_numpy.py"
    path.write_text(whole[:begin] + whole[end:].replace("optimizer: GradientDescent", "optimizer"), encoding="utf-8")
    found = report(path)
    by_proof = {
        proof: {f["status"] for f in found["findings"] if f["proof"] == proof} for proof in ("levels", "training")
    }
    assert by_proof == {"levels": {"equal"}, "training": {"not written"}}
    assert any("GradientDescent" in f["message"] for f in found["findings"] if f["status"] == "not written")


def test_a_wrong_gradient_is_named(work: Path) -> None:
    found = report(
        write(work, find='self.grads["bias"] += dy2d.sum(axis=0)', replace='self.grads["bias"] += dy2d.mean(axis=0)')
    )
    assert found["first_divergence"]["what"] == "gradient linear.bias"


def test_changing_the_input_in_place_is_named(work: Path) -> None:
    found = report(write(work, find="        self.x = x\n", replace="        x += 1e-3\n        self.x = x\n"))
    assert not found["ok"]
    assert any("change" in finding["message"] for finding in found["findings"] if finding["status"] == "failed")


def test_a_piece_is_used_by_ours_that_build_on_it(work: Path) -> None:
    """The learner's linear_numpy alone: the logistic ladder, whose module imports it, is tried with it too."""
    path = write(work, find="class LinearRegression:", replace="class LinearRegressionOld:")
    answer = proving.verify_in_child("01", "numpy", {path.stem: str(path)}, "logistic", 1)
    assert "problem" not in answer
    logistic = OURS["logistic_numpy"].read_text(encoding="utf-8")
    assert bool(answer["reports"]) == ("linear_numpy" in logistic)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(:\n", "linear_numpy.py is not valid Python, line 1"),
        ("import torch\n", "linear_numpy.py, line 1, uses torch: the NumPy level is written without it"),
        ("\nfrom sklearn.linear_model import Ridge\n", "line 2, uses sklearn.linear_model"),
        ("\0", "not valid Python|not Python source"),
    ],
)
def test_what_can_be_seen_without_running(work: Path, source: str, message: str) -> None:
    (work / "linear_numpy.py").write_text(source)
    with pytest.raises(RungsError, match=message):
        mine.proved(CHAPTER, "numpy", work / "linear_numpy.py")


@pytest.mark.parametrize(
    "source", ["from torch import nn\n", "import torch\nx = torch.nn.Linear\n", "import torch.optim\n"]
)
def test_a_low_level_file_without_modules_of_torch(work: Path, source: str) -> None:
    (work / "linear_lowlevel.py").write_text(source)
    with pytest.raises(RungsError, match="the low-level PyTorch level is written without it"):
        mine.proved(CHAPTER, "pytorch_lowlevel", work / "linear_lowlevel.py")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import nonsense\n",
            "cannot be imported, line 1: import nonsense (ModuleNotFoundError: No module named 'nonsense')",
        ),
        ("x = 1\nexit(3)\n", "linear_numpy.py cannot be imported, line 2: exit(3) (it called exit())"),
        ("1 / 0\n", "line 1: 1 / 0 (ZeroDivisionError: division by zero)"),
    ],
)
def test_a_file_that_cannot_be_imported(work: Path, source: str, message: str) -> None:
    path = work / "linear_numpy.py"
    path.write_text(source)
    assert message in proving.verify_in_child("01", "numpy", {path.stem: str(path)}, "linear", 1)["problem"]


def test_which_file(work: Path) -> None:
    with pytest.raises(RungsError, match=r"`rungs start 01\.numpy` writes a skeleton"):
        find_files(CHAPTER, "numpy", None, [])
    with pytest.raises(RungsError, match="is not there"):
        find_files(CHAPTER, "numpy", work / "nowhere.py", [])
    with pytest.raises(RungsError, match="none of the level's modules"):
        find_files(CHAPTER, "numpy", work, [])
    mine_ = work / "attempt.py"
    mine_.write_text("")
    with pytest.raises(RungsError, match=r"call it a_numpy\.py or b_numpy\.py"):
        find_files(CHAPTER, "numpy", mine_, ["a_numpy", "b_numpy"])
    assert find_files(CHAPTER, "numpy", mine_, ["linear_numpy"]) == {"linear_numpy": mine_}
    path = write(work)
    assert find_files(CHAPTER, "numpy", work, []) == {"linear_numpy": path}
    with pytest.raises(RungsError, match=r"linear_numpy\.py is a module of the numpy level; say --level numpy"):
        find_files(CHAPTER, "paper", path, ["linear_paper"])


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proofs in this process, in place of one of their own."""
    from rungs.sandbox import process

    def run(target: str, arguments: dict[str, Any], **limits: Any) -> process.Outcome:
        assert target == "rungs.level.proving:verify_in_child"
        limits["tell"]("linear: numpy against paper")
        result = proving.verify_in_child(**json.loads(json.dumps(arguments)))
        return process.Outcome("finished", json.loads(json.dumps(result)), 0, "", "", "", "", 1.0)

    monkeypatch.setattr(process, "run_limited", run)


def test_a_whole_level_counts_in_the_progress(here: None) -> None:
    folder = default_folder(CHAPTER, "numpy")
    folder.mkdir(parents=True)
    for name in OURS:
        write(folder, name)
    with progress.change() as state:
        state.entry("01.numpy").started = progress.now()
    told: list[str] = []
    found = mine.proved(CHAPTER, "numpy", seeds=1, tell=told.append)
    assert found["ok"]
    assert len(found["reports"]) == len(load_ladders("01"))
    assert found["reach"]["ran"] == found["reach"]["of"] > 40
    assert found["missing"] == found["reach"]["not_run"] == []
    assert progress.load().is_done("01.numpy")
    assert told == ["linear: numpy against paper"]
    write(folder, find="dy @ self.params", replace="-dy @ self.params")
    assert not mine.proved(CHAPTER, "numpy", seeds=1)["ok"]
    assert progress.load().entry("01.numpy").status == "failed"
    assert progress.load().is_done("01.numpy")  # what was once done stays done


def test_green_is_for_what_ran(work: Path, here: None) -> None:
    """A function that no proof reaches is named, and the level is not done; with --ladder it may belong to another one."""
    path = write(work)
    path.write_text(path.read_text(encoding="utf-8") + "\n\ndef forgotten(x):\n    return x + 1\n", encoding="utf-8")
    found = mine.proved(CHAPTER, "numpy", path, seeds=1)
    assert all(report["ok"] for report in found["reports"])
    assert found["reach"]["not_run"] == ["linear_numpy.forgotten"]
    assert not found["ok"]
    assert mine.proved(CHAPTER, "numpy", path, ladder="linear", seeds=1)["ok"]


def test_a_file_of_which_nothing_is_proved_is_an_error(work: Path, here: None) -> None:
    path = write(work, "regularized_numpy")
    message = "nothing was proved: ladder logistic runs none of the functions in regularized_numpy.py"
    with pytest.raises(RungsError, match=message):
        mine.proved(CHAPTER, "numpy", path, ladder="logistic", seeds=1)


def test_a_library_that_warns_is_not_the_learners_output(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    shown: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *rest: shown.append(str(message)))
    proving._show_only_warnings_of({"linear_numpy": "mine.py"})
    warnings.showwarning("of a library", UserWarning, "torch/nn.py", 3)
    warnings.showwarning("of the learner", UserWarning, "mine.py", 3)
    assert shown == ["of the learner"]


def test_what_is_no_part_of_the_level_is_not_asked_for() -> None:
    chapter = find_chapter("07")
    assert "gru_paper" in unproved(chapter)
    assert "gru_paper" not in modules_to_write(chapter, "paper")
    assert "transformer_paper" in modules_to_write(chapter, "paper")


def test_how_a_limited_process_ends_is_said(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rungs.sandbox import process

    path = write(work)

    def ended(ending: str, code: int | None = None, signal: str = "") -> str:
        trace = f'Thread 0x1 (most recent call first):\n  File "{path}", line 3 in forward\n'
        outcome = process.Outcome(ending, None, code, signal, "", "linear: numpy against paper", trace, 1.0)
        monkeypatch.setattr(process, "run_limited", lambda *args, **kwargs: outcome)
        with pytest.raises(Failed) as caught:
            mine.proved(CHAPTER, "numpy", path)
        return str(caught.value)

    assert (
        "did not come back within 180 s while it was at linear: numpy against paper (linear_numpy.py, line 3"
        in ended("timeout")
    )
    assert "crashed the Python process (SIGSEGV)" in ended("crashed", signal="SIGSEGV")
    assert "ended the process with status 4" in ended("exited", 4)
    assert "printed more than" in ended("flooded")
    assert "needed more than" in ended("memory")
