"""Receipts: the recorded results of training runs.

A number stands on a page only if a receipt holds it. `<chapter>/paper/results/<name>.json` is one receipt. The tables of
the pages are written from them by `rungs refresh` (rungs/pages/results.py), and a test fails when they disagree.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from utils.chapters import LEVELS, ROOT, find_chapter
from utils.errors import ReaderError
from utils.files import write_json_atomic

__all__ = [
    "Commit",
    "Receipt",
    "ReceiptError",
    "Target",
    "commit",
    "cores",
    "duration",
    "hardware",
    "new_receipt",
    "number",
    "read_receipt",
    "read_receipts",
    "results_folder",
    "threads",
    "versions",
    "write_json_atomic",
    "write_receipt",
]


BUSY = 0.9
"""Below this share of computing, the time on the clock says more about other processes than about a training."""


class ReceiptError(ReaderError):
    """A receipt cannot be read, or does not fit. The message names the file."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Target(_Strict):
    """What a result was to reach, fixed before the run."""

    text: str  # "at most 1.2 %"
    low: float | None = None
    high: float | None = None


class Commit(_Strict):
    id: str  # the commit that the code was at; "" where there is no repository
    dirty: bool  # whether the code differed from it


class Receipt(_Strict):
    """One result: what was measured, on what, with what, beside the paper's own number."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")  # the file's name
    chapter: str  # "03"
    ladder: str
    level: str
    title: str  # "LeNet-5, NumPy level"; how the table calls it
    metric: str  # "test error"
    unit: str = ""  # "%"
    values: dict[int, float] = Field(min_length=1)  # seed -> value
    paper_value: float | None  # None where the paper has no such number
    paper_where: str  # "section III-C, figure 9"
    target: Target | None = None
    dataset: str  # Dataset.source of what was trained and tested on
    steps: int = Field(ge=0)  # optimizer steps per seed
    wall_time_s: dict[int, float]  # seed -> seconds of training
    cpu_time_s: dict[int, float] | None = (
        None  # seed -> seconds that all threads computed; None where it was not counted
    )
    config: dict[str, Any]
    hardware: dict[str, Any]
    versions: dict[str, str]
    commit: Commit
    created: datetime.date
    notes: str = ""

    @model_validator(mode="after")
    def _same_seeds(self) -> Self:
        if self.wall_time_s.keys() != self.values.keys():
            raise ValueError(
                f"seeds of wall_time_s {sorted(self.wall_time_s)} and of values {sorted(self.values)} differ"
            )
        if self.cpu_time_s is not None and self.cpu_time_s.keys() != self.values.keys():
            raise ValueError(
                f"seeds of cpu_time_s {sorted(self.cpu_time_s)} and of values {sorted(self.values)} differ"
            )
        if self.level not in LEVELS:
            raise ValueError(f"level {self.level!r} is none of {', '.join(LEVELS)}")
        return self

    @property
    def seeds(self) -> list[int]:
        return sorted(self.values)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values.values())

    @property
    def std(self) -> float | None:
        """Standard deviation over the seeds (n - 1); None with a single seed."""
        return statistics.stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def met(self) -> bool | None:
        """Whether the mean lies within the target's bounds; None without bounds."""
        if self.target is None or (self.target.low is None and self.target.high is None):
            return None
        low = -math.inf if self.target.low is None else self.target.low
        high = math.inf if self.target.high is None else self.target.high
        return low <= self.mean <= high

    @property
    def counts_successes(self) -> bool:
        """Whether each seed either succeeds or fails, so that the mean is a share of the seeds."""
        return self.unit.startswith("%") and set(self.values.values()) == {0.0, 100.0}

    @property
    def summary(self) -> str:
        """The value for people: "0.93 ± 0.04 % (3 seeds)"; "15 of 20 seeds" where each seed succeeds or fails."""
        unit = f" {self.unit}" if self.unit else ""
        if self.counts_successes:
            return f"{sum(value == 100.0 for value in self.values.values())} of {len(self.values)} seeds"
        if self.std is None:
            return f"{number(self.mean)}{unit} (1 seed)"
        return f"{number(self.mean)} ± {self.std:.2g}{unit} ({len(self.values)} seeds)"

    @property
    def uncommitted(self) -> bool:
        """Whether the code differed from its commit, or there was none: the number cannot be made again from the commit."""
        return self.commit.dirty or not self.commit.id

    @property
    def waited(self) -> bool:
        """Whether the machine was busy with other things: the process computed for less than its time on the clock."""
        if self.cpu_time_s is None or self.hardware.get("gpu"):
            return False
        return sum(self.cpu_time_s.values()) < BUSY * sum(self.wall_time_s.values())

    @property
    def cost(self) -> str:
        """What a seed costs: "12 min"; CPU time, and "12 min of CPU time", where the clock ran for other processes too."""
        if self.waited and self.cpu_time_s is not None:
            return f"{duration(statistics.fmean(self.cpu_time_s.values()))} of CPU time"
        return duration(statistics.fmean(self.wall_time_s.values()))

    @property
    def path(self) -> Path:
        return results_folder(self.chapter) / f"{self.name}.json"


def new_receipt(**fields: Any) -> Receipt:
    """A receipt with the machine, the versions, the commit and the date filled in."""
    found = {
        "hardware": hardware(),
        "versions": versions(),
        "commit": commit(find_chapter(fields["chapter"]).folder),
        "created": datetime.datetime.now(datetime.UTC).date(),
    }
    return Receipt(**(found | fields))


def results_folder(chapter: str) -> Path:
    return find_chapter(chapter).path / "paper" / "results"


def write_receipt(receipt: Receipt, path: Path | None = None) -> Path:
    """Write a receipt to its place, or to `path`. `met` is written too, for people; it is computed anew on reading."""
    path = path or receipt.path
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json_atomic(path, receipt.model_dump(mode="json") | {"met": receipt.met})
    return path


def read_receipt(path: Path) -> Receipt:
    """Raises ReceiptError: not to be read, a field is missing, unknown or wrong, or `met` is not what follows."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        met = values.pop("met")
        receipt = Receipt.model_validate(values)
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'receipt'}: {e['msg']}" for e in error.errors())
        raise ReceiptError(f"receipt {path.name} does not fit: {lines}") from None
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise ReceiptError(f"receipt {path.name} cannot be read: {error!r}") from error
    if receipt.name != path.stem:
        raise ReceiptError(f"receipt {path.name} is called {receipt.name!r} inside")
    if met != receipt.met:
        raise ReceiptError(f"receipt {path.name} says met = {met}, but its mean {receipt.mean:g} says {receipt.met}")
    return receipt


def read_receipts(chapter: Path) -> list[Receipt]:
    """All receipts of a chapter's folder, by name."""
    return [read_receipt(path) for path in sorted((chapter / "paper" / "results").glob("*.json"))]


# For people


def number(value: float) -> str:
    """Four significant digits, and an exponent only where people would write one."""
    if abs(value) >= 1e4:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.2e}"


def duration(seconds: float) -> str:
    """ "9.1 s", "12 min", "1.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


# The circumstances of a run


def hardware() -> dict[str, Any]:
    """CPU model, the cores that may be used, threads, memory, GPUs. Nothing that names the machine."""
    found: dict[str, Any] = {
        "cpu": _cpu(),
        "cores": cores(),
        "threads": threads(),
        "memory_gib": _memory(),
        "gpu": [],
    }
    torch: Any = sys.modules.get("torch")  # a NumPy-only run has no reason to import it
    if torch is not None and torch.cuda.is_available():
        found["gpu"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return found


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """The threads that torch computes with; those of NumPy, where torch is not loaded."""
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        return torch.get_num_threads()
    chosen = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    return int(chosen) if chosen.isdigit() else cores()


def _memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None


def versions(*packages: str) -> dict[str, str]:
    """The installed versions of Python and of `packages`; by default those that results can depend on."""
    found = {"python": platform.python_version()}
    for name in packages or ("numpy", "torch", "torchvision", "transformers", "timm", "scikit-learn", "accelerate"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit(*folders: str) -> Commit:
    """The commit of the working tree, and whether code under `folders` and `utils` differs from it.

    Pages and results do not count: writing a receipt must not make the next one dirty.
    """
    paths: Sequence[str] = [*folders, "utils"] if folders else ["."]
    without = [":(exclude,glob)**/*.md", ":(exclude,glob)**/results/**", ":(exclude,glob)benchmarks/**"]
    id_ = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", *paths, *without)
    return Commit(id=id_ or "", dirty=changed != "")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
