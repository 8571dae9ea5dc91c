"""`rungs bench`: what it compares, how it knows a busy machine, and what the pages show of its receipts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import psutil
import pytest
from rich.console import Console

import rungs.pages.blocks
from rungs.running.load import Load, LoadMeter
from rungs.running.race import STEPS, Contender, Race, race
from rungs.running.threads import same_threads

IDLE = Load(others=0.0, waiting=0.0)


def compute(seconds: float) -> float:
    """Uses that much CPU time, however long it takes."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return 0.0


def compute_and_wait() -> float:
    time.sleep(0.02)
    return compute(0.002)


def raced(threads: int) -> Race:
    contenders = [Contender("waits", compute_and_wait), Contender("paper", lambda: compute(0.002))]
    return race(contenders, threads, 4, Console(quiet=True))


def test_on_one_thread_a_step_that_waits_is_as_fast_as_one_that_does_not():
    result = raced(threads=1)
    waits, paper = result.contenders
    assert len(waits.wall) == len(waits.cpu) == 4 * STEPS
    assert result.base is paper
    assert result.ratio_of == "CPU time"
    assert waits.median > 0.02
    assert 0.5 < result.ratio(waits) < 2.0
    assert result.ratio(waits) == waits.cpu_mean / paper.cpu_mean


def test_on_more_threads_wall_times_are_compared():
    result = raced(threads=2)
    waits, paper = result.contenders
    assert result.ratio_of == "wall time"
    assert result.ratio(waits) == waits.median / paper.median


def test_cpu_time_that_the_system_did_not_count_is_no_ratio():
    contenders = [Contender("paper", lambda: 0.0, [0.1], [0.0]), Contender("NumPy", lambda: 0.0, [0.2], [0.01])]
    result = Race(contenders, 1, IDLE)
    assert result.ratio_of == "wall time"
    assert result.ratio(contenders[1]) == 2.0


@pytest.mark.parametrize(
    ("percent", "cpu", "load", "busy"),
    [
        (25.0, 10.0, Load(others=0.0, waiting=0.0), False),  # one thread on four cores, alone
        (27.5, 9.5, Load(others=0.0375, waiting=0.05), False),
        (100.0, 40.0, Load(others=0.0, waiting=0.0), False),  # four threads, alone
        (50.0, 10.0, Load(others=0.25, waiting=0.0), True),
        (100.0, 30.0, Load(others=0.25, waiting=0.0), True),
        (15.0, 5.0, Load(others=0.025, waiting=0.5), True),  # a container's quota, which no other process shows
        (20.0, 10.0, Load(others=0.0, waiting=0.0), False),  # ticks that were not counted
    ],
)
def test_load(percent, cpu, load, busy, monkeypatch):
    """Ten seconds on four cores."""
    clocks = {"perf_counter": [3.0, 13.0], "process_time": [1.0, 1.0 + cpu]}
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(psutil, "cpu_percent", iter([99.0, percent]).__next__)
    for name, values in clocks.items():
        monkeypatch.setattr(f"rungs.running.load.time.{name}", iter(values).__next__)
    found = LoadMeter().read()
    assert (found.others, found.waiting) == pytest.approx((load.others, load.waiting))
    assert found.busy is busy


def test_a_machine_that_others_keep_busy_is_found_out():
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        meter = LoadMeter()
        compute(0.3)
        found = meter.read()
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert found.busy
    assert found.others > 0.2


def test_a_system_without_affinity_gives_the_threads_asked_for(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert same_threads(1).threads == 1
    assert same_threads(None).threads == 8


def test_the_table_says_what_a_ratio_is_of_and_where_the_machine_was_busy(tmp_path, monkeypatch):
    monkeypatch.setattr("rungs.pages.blocks.ROOT", tmp_path)
    (tmp_path / "benchmarks").mkdir()
    times = {"paper": {"median_ms": 4.0, "quartiles_ms": [3.0, 5.0], "ratio": 1.0}}
    old = {"chapter": "01", "ladder": "old", "what": "a step", "threads": 1, "contenders": times}
    new = old | {"ladder": "new", "ratio_of": "CPU time", "contenders": {"paper": times["paper"] | {"cpu_ms": 3.9}}}
    receipts = {
        "a": old,
        "b": new | {"load": {"others": 0.0, "waiting": 0.0, "busy": False}},
        "c": new | {"load": {"others": 0.5, "waiting": 0.5, "busy": True}},
    }
    for name, receipt in receipts.items():
        (tmp_path / "benchmarks" / f"{name}.json").write_text(json.dumps(receipt))
    assert rungs.pages.blocks.benchmarks_block(tmp_path / "docs" / "page.md").splitlines()[2:] == [
        "| [old](../benchmarks/a.json) | a step | 1 | paper | 4.00 | - | 1.00 | wall time |",
        "| [new](../benchmarks/b.json) | a step | 1 | paper | 4.00 | 3.90 | 1.00 | CPU time |",
        "| [new](../benchmarks/c.json) | a step | 1 | paper | 4.00 | 3.90 | 1.00 | CPU time, machine busy |",
    ]
