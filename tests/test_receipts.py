"""Receipts: written and read back, damaged ones refused, tables rendered, nothing that names the machine."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rungs.pages import results
from rungs.pages.publish.receipts import receipt_page
from utils import receipts
from utils.chapters import ROOT, written_chapters
from utils.receipts import (
    Commit,
    Receipt,
    ReceiptError,
    Target,
    commit,
    hardware,
    new_receipt,
    read_receipt,
    read_receipts,
    versions,
    write_json_atomic,
    write_receipt,
)


def receipt(**changed: Any) -> Receipt:
    fields: dict[str, Any] = {
        "name": "lenet5-numpy",
        "chapter": "03",
        "ladder": "lenet5",
        "level": "numpy",
        "title": "LeNet-5, NumPy",
        "metric": "test error",
        "unit": "%",
        "values": {0: 0.9, 1: 1.0, 2: 1.1},
        "paper_value": 0.95,
        "paper_where": "section III-B",
        "target": Target(text="at most 1.2 %", high=1.2),
        "dataset": "MNIST, test: images 10000x28x28 (sha256 mnist/x.gz 0123)",
        "steps": 12000,
        "wall_time_s": {0: 100.0, 1: 120.0, 2: 140.0},
        "config": {"lr": 0.0005},
        "hardware": {"cpu": "a processor"},
        "versions": {"python": "3.11"},
        "commit": {"id": "0" * 40, "dirty": False},
        "created": datetime.date(2026, 1, 2),
    }
    return Receipt(**(fields | changed))


def test_round_trip(tmp_path: Path) -> None:
    path = write_receipt(receipt(), tmp_path / "a" / "lenet5-numpy.json")
    assert read_receipt(path) == receipt()
    assert json.loads(path.read_text())["met"] is True
    assert os.listdir(path.parent) == ["lenet5-numpy.json"]


def test_statistics() -> None:
    r = receipt()
    assert r.mean == pytest.approx(1.0)
    assert r.std == pytest.approx(0.1)
    assert r.seeds == [0, 1, 2]
    assert r.summary == "1 ± 0.1 % (3 seeds)"
    assert receipt(values={7: 0.9321}, wall_time_s={7: 3.0}).summary == "0.9321 % (1 seed)"
    assert receipt(unit="% of runs", values={0: 100.0, 1: 0.0, 2: 100.0}).summary == "2 of 3 seeds"
    assert receipt().path == ROOT / "03_CNN_LeNet" / "paper" / "results" / "lenet5-numpy.json"


@pytest.mark.parametrize(
    ("low", "high", "met"),
    [
        (None, 1.2, True),
        (None, 0.99, False),
        (0.5, None, True),
        (1.5, None, False),
        (0.9, 1.1, True),
        (None, None, None),
    ],
)
def test_targets(low: float | None, high: float | None, met: bool | None) -> None:
    assert receipt(target=Target(text="", low=low, high=high)).met is met
    assert receipt(target=None).met is None


@pytest.mark.parametrize(
    "changed",
    [
        {"values": {}},
        {"values": {0: float("nan")}, "wall_time_s": {0: 1.0}},
        {"wall_time_s": {0: 100.0}},
        {"level": "cuda"},
        {"name": "../elsewhere"},
        {"steps": -1},
        {"surprise": 1},
    ],
)
def test_receipts_that_cannot_be(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        receipt(**changed)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[: len(text) // 2], "cannot be read"),
        (lambda text: "[]", "cannot be read"),
        (lambda text: text.replace('"metric"', '"metrik"'), "metrik: Extra inputs"),
        (lambda text: text.replace("1.0,", "9.0,", 1), "says met = True, but its mean"),
        (lambda text: text.replace('"name": "lenet5-numpy"', '"name": "other"'), "is called 'other' inside"),
    ],
)
def test_damaged_receipts(tmp_path: Path, change, says: str) -> None:
    path = write_receipt(receipt(), tmp_path / "lenet5-numpy.json")
    path.write_text(change(path.read_text()))
    with pytest.raises(ReceiptError, match=says) as caught:
        read_receipt(path)
    assert "lenet5-numpy.json" in str(caught.value)


def test_the_receipts_of_a_chapter(tmp_path: Path) -> None:
    assert read_receipts(tmp_path) == []
    for name in ("b", "a"):
        write_receipt(receipt(name=name), tmp_path / "paper" / "results" / f"{name}.json")
    assert [r.name for r in read_receipts(tmp_path)] == ["a", "b"]


def test_a_table_has_runs_as_rows_and_says_what_is_common_once() -> None:
    held_out = receipt(name="h", metric="error on held-out images", values={0: 2.0}, wall_time_s={0: 7200.0})
    table = results.render({"A | B": {"test": receipt(), "held out": held_out}}, ROOT / "03_CNN_LeNet")
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert rows == [
        "| run | paper | test | held out | target |",
        "| --- | ---: | ---: | ---: | :-- |",
        "| A \\| B | 0.95 | 1 ± 0.1 | 2 | at most 1.2 %, met |",
    ]
    assert table.count("MNIST, test") == 1
    assert "sha256" not in table
    assert "2 min to 2.0 h for each seed" in table
    assert "[lenet5-numpy](paper/results/lenet5-numpy.json), [h](paper/results/h.json)" in table


def test_a_table_without_paper_or_target_has_no_column_for_it() -> None:
    one = receipt(paper_value=None, paper_where="", target=None)
    assert "| run | ours |" in results.render({"one": {"ours": one}}, ROOT)
    missed = receipt(target=Target(text="at most 0.5 %", high=0.5))
    assert "at most 0.5 %, **missed**" in results.render({"one": {"ours": missed}}, ROOT)


def test_a_receipt_page_is_rounded_and_tells_of_uncommitted_changes(tmp_path: Path) -> None:
    path = write_receipt(receipt(values={0: 93.89999999999999}, wall_time_s={0: 60.0}), tmp_path / "lenet5-numpy.json")
    page = receipt_page(path)
    assert "**93.9 % (1 seed)**" in page
    assert "99999" not in page
    assert "rungs reproduce 03 --only lenet5-numpy --seeds 0" in page
    assert "ncommitted" not in page
    write_receipt(receipt(commit={"id": "1" * 40, "dirty": True}), path)
    assert '!!! warning "Uncommitted changes"' in receipt_page(path)


def test_every_receipt_is_shown_on_the_results_page() -> None:
    for chapter in written_chapters():
        page = (chapter.path / "results.md").read_text(encoding="utf-8")
        assert [r.name for r in read_receipts(chapter.path) if f"paper/results/{r.name}.json)" not in page] == []


def test_what_a_seed_costs() -> None:
    same = {"values": {0: 1.0, 1: 1.0}, "wall_time_s": {0: 700.0, 1: 740.0}}
    assert receipt(**same).cost == "12 min"
    assert receipt(**same, cpu_time_s={0: 690.0, 1: 738.0}).cost == "12 min"
    busy = receipt(**same, cpu_time_s={0: 300.0, 1: 300.0})
    assert busy.waited
    assert busy.cost == "5 min of CPU time"
    assert "5 min of CPU time for each seed" in results.render({"busy": {"ours": busy}}, ROOT)
    assert not receipt(**same, cpu_time_s={0: 3.0, 1: 3.0}, hardware={"gpu": ["one"]}).waited  # it waits for the GPU


def test_uncommitted_changes_are_told() -> None:
    assert not receipt(commit=Commit(id="a", dirty=False)).uncommitted
    assert receipt(commit=Commit(id="a", dirty=True)).uncommitted
    assert receipt(commit=Commit(id="", dirty=False)).uncommitted


def test_circumstances_do_not_name_the_machine() -> None:
    r = new_receipt(**receipt().model_dump(exclude={"hardware", "versions", "commit", "created"}))
    text = json.dumps(r.model_dump(mode="json"))
    assert platform.node() not in text
    assert str(ROOT) not in text
    assert r.hardware.keys() >= {"cpu", "cores", "threads", "gpu"}
    assert hardware()["cores"] >= 1
    assert versions("numpy", "no-such-package").keys() == {"python", "numpy"}


def test_commit_is_dirty_only_through_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(receipts, "ROOT", tmp_path)
    assert commit() == receipts.Commit(id="", dirty=True)
    git("init")
    (tmp_path / "one" / "results").mkdir(parents=True)
    (tmp_path / "utils").mkdir()
    (tmp_path / "one" / "model.py").write_text("1")
    git("add", ".")
    git("commit", "-m", "first")
    assert not commit("one").dirty
    assert len(commit("one").id) == 40
    (tmp_path / "one" / "results" / "a.json").write_text("{}")
    (tmp_path / "one" / "README.md").write_text("text")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "model.py").write_text("2")
    assert not commit("one").dirty
    (tmp_path / "one" / "model.py").write_text("3")
    assert commit("one").dirty


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json_atomic(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json_atomic(path, {"x": float("nan")})
    assert json.loads(path.read_text()) == {"x": 1}
    assert os.listdir(tmp_path) == ["a.json"]
