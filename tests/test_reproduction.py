"""Reproducing a chapter: what is trained, continued or taken as it is, and what the receipts say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, ValidationError

from utils import reproduction
from utils.checkpoints import CheckpointError
from utils.config import Config
from utils.receipts import Receipt, ReceiptError, Target, write_receipt
from utils.reproduction import Result, plan, reproduce_results
from utils.runs import Run


class ToyConfig(Config):
    lr: float = Field(0.1, gt=0, description="section 1")
    start_from: str | None = Field(None, description="a run that is trained further")
    seed: int = Field(0, ge=0, description="of everything")


RESULTS: dict[str, Result] = {
    "plain": {"title": "toy", "paper_where": "table 1", "paper_value": 1.0},
    "fast": {
        "title": "faster",
        "paper_where": "table 2",
        "config": "plain",
        "overrides": ("lr=0.5",),
        "level": "numpy",
    },
    "fitted": {"title": "fit", "paper_where": "", "config": "plain", "run": "plain", "measured": "train_error"},
    "tuned": {"title": "tuned", "paper_where": "", "config": "plain", "overrides": ("lr=0.2",), "start_from": "plain"},
}


class Toy:
    """A training script, and the order in which it trained and the receipts were written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.events = folder / "runs", []
        (folder / "plain.yaml").write_text("lr: 0.1\n")
        self.configs = folder

    def main(self, config: ToyConfig, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
        self.events.append(f"{'resume' if resume else 'train'} {folder.name}")
        identity = {"chapter": "01", "ladder": "toy", "level": level, "config": config.model_dump(mode="json")}
        with Run(folder, identity, rng={}, resume=resume) as run:
            run.took_step(1.0)
            return run.finish(test_error=config.lr + config.seed, train_error=config.lr / 2)

    def facts(self, config: ToyConfig, runs: Mapping[int, Any]) -> dict[str, Any]:
        return {"metric": "error", "unit": "%", "dataset": "none", "notes": f"lr {config.lr}, seeds {list(runs)}"}

    def reproduce(
        self, *only: str, seeds: Sequence[int] = (0, 3), results: Mapping[str, Any] = RESULTS, **options: Any
    ) -> Any:
        return reproduce_results(
            results,
            self.main,
            ToyConfig,
            self.facts,
            self.folder,
            configs=self.configs,
            seeds=seeds,
            only=only,
            **options,
        )


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    made = Toy(tmp_path)

    def write(receipt: Receipt, path: Path | None = None) -> None:
        made.events.append(f"write {receipt.name}")

    monkeypatch.setattr(reproduction, "write_receipt", write)
    return made


def test_a_receipt_is_written_as_soon_as_its_runs_are_finished(toy: Toy) -> None:
    receipts = toy.reproduce("plain", "fast")
    assert toy.events == [
        *("train plain-0", "train plain-3", "write plain"),
        *("train fast-0", "train fast-3", "write fast"),
    ]
    assert [receipt.name for receipt in receipts] == ["plain", "fast"]


def test_what_a_receipt_says(toy: Toy) -> None:
    plain, fast = toy.reproduce("plain", "fast")
    assert plain.values == {0: 0.1, 3: 3.1}
    assert (plain.chapter, plain.ladder, plain.level, plain.steps) == ("01", "toy", "paper", 1)
    assert (plain.title, plain.metric, plain.unit, plain.dataset) == ("toy", "error", "%", "none")
    assert (plain.paper_value, plain.paper_where, plain.notes) == (1.0, "table 1", "lr 0.1, seeds [0, 3]")
    assert plain.wall_time_s.keys() == plain.values.keys()
    assert plain.config == {"lr": 0.1}  # neither a seed nor a folder of this machine
    assert fast.values == {0: 0.5, 3: 3.5}
    assert (fast.level, fast.config, fast.paper_value) == ("numpy", {"lr": 0.5}, None)


def test_what_a_result_says_takes_precedence(toy: Toy) -> None:
    target = Target(text="at most 2", high=2.0)
    own: Result = {"title": "toy", "paper_where": "", "unit": "", "notes": "chosen", "target": target}
    (receipt,) = toy.reproduce(results={"plain": own})
    assert (receipt.unit, receipt.target) == ("", target)
    assert receipt.notes == "chosen; lr 0.1, seeds [0, 3]"


def test_a_misspelt_field_is_refused(toy: Toy) -> None:
    with pytest.raises(ValidationError, match="paper_valu\n"):
        toy.reproduce(results={"plain": {**RESULTS["plain"], "paper_valu": 1.0}})


def test_a_finished_run_is_taken_as_it_is_and_an_interrupted_one_continued(toy: Toy) -> None:
    first = toy.reproduce("plain")
    (toy.folder / "plain-3" / "results.json").unlink()
    toy.events.clear()
    again = toy.reproduce("plain")
    assert toy.events == ["resume plain-3", "write plain"]
    assert [receipt.values for receipt in again] == [receipt.values for receipt in first]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"overrides": ("lr=0.3",)}, "plain-0 .*config.lr is 0.1 there and 0.3 here"),
        ({"level": "numpy"}, "plain-0 .*level is 'paper' there and 'numpy' here"),
    ],
)
def test_a_finished_run_with_other_settings_is_refused(toy: Toy, change: dict[str, Any], message: str) -> None:
    toy.reproduce("plain")
    with pytest.raises(CheckpointError, match=message):
        toy.reproduce(results={"plain": {**RESULTS["plain"], **change}})


def test_results_can_share_their_runs(toy: Toy) -> None:
    _, fitted = toy.reproduce("plain", "fitted")
    assert toy.events == ["train plain-0", "train plain-3", "write plain", "write fitted"]
    assert fitted.values == {0: 0.05, 3: 0.05}


def test_a_tuned_model_starts_from_the_run_of_its_seed(toy: Toy) -> None:
    (tuned,) = toy.reproduce("tuned", seeds=(3,))
    assert toy.events == ["train plain-3", "train tuned-3", "write tuned"]
    assert f'"start_from": "{toy.folder / "plain-3"}"' in (toy.folder / "tuned-3" / "run.json").read_text()
    assert tuned.config == {"lr": 0.2}


def receipt_of(toy: Toy, name: str, seeds: Sequence[int]) -> Receipt:
    """A receipt that the chapter has already."""
    (written,) = toy.reproduce(name, seeds=seeds)
    write_receipt(written, toy.folder.parent / "results" / f"{name}.json")
    toy.events.clear()
    return written


def test_no_receipt_loses_seeds_unasked(toy: Toy) -> None:
    toy.configs = toy.folder.parent / "configs"
    toy.configs.mkdir()
    (toy.configs / "plain.yaml").write_text("lr: 0.1\n")
    receipt_of(toy, "plain", (0, 3, 5))
    with pytest.raises(ReceiptError, match=r"has seeds 0, 3, 5, and would lose 3, 5: .*--seeds 0,3,5 .*--replace"):
        toy.reproduce("plain", seeds=(0,))
    assert toy.events == []  # nothing was trained
    assert toy.reproduce("plain", seeds=(0, 3, 5, 6))[0].seeds == [0, 3, 5, 6]
    assert toy.reproduce("plain", seeds=(0,), replace=True)[0].seeds == [0]
    assert toy.reproduce("plain", seeds=(0,), overrides=("lr=0.3",))[0].seeds == [0]


def test_other_settings_leave_runs_and_receipts_alone(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    places = []
    monkeypatch.setattr(reproduction, "write_receipt", lambda receipt, path: places.append(path))
    (receipt,) = toy.reproduce("plain", overrides=("lr=0.3",))
    assert places == [toy.folder.with_name("runs-lr=0.3") / "plain.json"]
    assert receipt.values == {0: 0.3, 3: 3.3}
    assert not toy.folder.exists()


def test_a_receipt_has_the_cpu_time(toy: Toy) -> None:
    (receipt,) = toy.reproduce("plain")
    assert receipt.cpu_time_s is not None
    assert receipt.cpu_time_s.keys() == {0, 3}


def test_what_a_run_will_cost_is_said_before_it_begins(toy: Toy) -> None:
    before = receipt_of(toy, "plain", (0, 3)).model_copy(
        update={"wall_time_s": {0: 600.0, 3: 720.0}, "cpu_time_s": None, "hardware": {"cpu": "a CPU", "threads": 1}}
    )
    asked = {"names": ["plain", "fitted", "fast"], "seeds": (0, 3, 7), "folder": toy.folder}
    assert plan(RESULTS, receipts=[before], **asked) == [
        "plain: 1 run to train; each took 11 min on a CPU, 1 thread",  # fitted shares it
        "fast: 3 runs to train; no receipt says what it costs",
    ]
    assert plan(RESULTS, names=["plain"], seeds=(0, 3), folder=toy.folder, receipts=[]) == []


def test_only_what_is_asked_for(toy: Toy) -> None:
    assert [receipt.name for receipt in toy.reproduce("fast", "unknown")] == ["fast"]
    assert [receipt.name for receipt in toy.reproduce()] == list(RESULTS)
