"""`rungs bench`: a training step of every level and reference, timed side by side in one run, as ratios.

The contenders take turns, so that a busy machine slows all of them alike, and medians are compared. NumPy and torch get
the same number of threads.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rungs.errors import Failed, RungsError, chapter_called, ladder_called
from utils.chapters import LEVELS, ROOT, Chapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from utils.ladder import Batch, Bench, Ladder, Params

STEPS = 3  # timed steps of one contender in one round, after one that is not timed
BASE = "paper"


@dataclass
class Contender:
    name: str
    step: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.seconds) < 2:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return low, high


def bench(
    chapter_name: str,
    *,
    ladder_name: str | None = None,
    threads: int | None = None,
    rounds: int = 30,
    write: bool = False,
    as_json: bool = False,
) -> None:
    chapter = chapter_called(chapter_name)
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    with console.status(f"loading chapter {chapter.id} and torch"):
        from utils.ladder import load_ladders

        ladders = load_ladders(chapter.id)
    if ladder_name is None:
        chosen = [ladder for ladder in ladders.values() if ladder.bench]
        if not chosen:
            raise RungsError(f"chapter {chapter.id} declares no `bench` in its ladders: {', '.join(ladders)}")
    else:
        chosen = [ladder_called(ladders, ladder_name, chapter)]
    reports = []
    for ladder in chosen:
        if ladder.bench is None:
            raise RungsError(f"ladder {ladder.name!r} of chapter {chapter.id} declares no `bench`")
        with same_threads(threads) as count:
            contenders = contenders_of(ladder, ladder.bench)
            race(contenders, rounds, console)
        reports.append(as_dict(contenders, chapter, ladder, ladder.bench, count, rounds))
        if not as_json:
            console.print(
                f"[bold]{chapter.title}[/] ({ladder.name}): one training step, {ladder.bench.what}, float32, "
                f"{count} thread{'s' * (count != 1)}, {rounds} round{'s' * (rounds != 1)}"
            )
            console.print(table(contenders))
        if write:
            path = write_receipt(reports[-1])
            if not as_json:
                console.print(f"Receipt: {path.relative_to(ROOT)}")
    if as_json:
        print(json.dumps(reports, indent=2))


class same_threads(AbstractContextManager):  # noqa: N801
    """As many threads for torch as for the library behind NumPy's matrix products; gives the number."""

    def __init__(self, threads: int | None) -> None:
        import os

        self.threads = (
            threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )

    def __enter__(self) -> int:
        import torch
        from threadpoolctl import threadpool_limits

        self.before = torch.get_num_threads()
        self.limits = threadpool_limits(self.threads)
        torch.set_num_threads(self.threads)
        return self.threads

    def __exit__(self, *error: object) -> None:
        import torch

        torch.set_num_threads(self.before)
        self.limits.restore_original_limits()


def contenders_of(ladder: Ladder, settings: Bench) -> list[Contender]:
    """One for each level and reference that can be trained, all from the same float32 parameters and batch."""
    import numpy as np

    params = settings.init(np.random.default_rng(0))
    batch = settings.batch(np.random.default_rng(1))
    for name, value in params.items():
        if value.dtype == np.float64:
            raise Failed(f"the bench of {ladder.name} draws {name} in float64; it must be float32")
    levels = {LEVELS.get(k, k): v for k, v in ladder.levels.items()}
    contenders = []
    for name, level in {**levels, **ladder.references}.items():
        try:
            contenders.append(Contender(name, _step(level, params, batch)))
        except TypeError:  # a reference without an optimizer, such as scikit-learn's
            continue
    for name, options in settings.variants.items():
        contenders.append(Contender(name, _step(ladder.levels[BASE], params, batch, **options)))
    return contenders


def _step(level: Any, params: Params, batch: Batch, **options: Any) -> Callable[[], float]:
    trainer = level.start(params, **options)
    trainer.lr = 0.0 * trainer.lr  # the same work, and the parameters stay where the arithmetic is ordinary
    return lambda: trainer.step(batch)


def race(contenders: list[Contender], rounds: int, console: Any) -> None:
    from rich.progress import track

    for number in track(range(rounds), "timing", console=console, transient=True, disable=not console.is_terminal):
        # Each round begins with another one: nobody always runs behind the same neighbour.
        for index in range(len(contenders)):
            contender = contenders[(index + number) % len(contenders)]
            contender.step()
            for _ in range(STEPS):
                began = time.perf_counter()
                loss = contender.step()
                contender.seconds.append(time.perf_counter() - began)
            if not math.isfinite(float(loss)):  # pyright: ignore[reportArgumentType, reportPossiblyUnbound]
                raise Failed(f"the loss of {contender.name} is {loss}: times of such a step mean nothing")


def table(contenders: list[Contender]) -> Table:
    from rich.table import Table

    base = _base(contenders)
    shown = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    shown.add_column("")
    for heading in ("ms/step", "middle half", f"times {base.name}"):
        shown.add_column(heading, justify="right")
    for contender in contenders:
        low, high = contender.quartiles
        shown.add_row(
            f"[bold]{contender.name}[/]",
            f"{1e3 * contender.median:.2f}",
            f"{1e3 * low:.2f} to {1e3 * high:.2f}",
            f"{contender.median / base.median:.2f}",
        )
    return shown


def _base(contenders: list[Contender]) -> Contender:
    return next((c for c in contenders if c.name == LEVELS[BASE]), contenders[0])


def as_dict(
    contenders: list[Contender], chapter: Chapter, ladder: Ladder, settings: Bench, threads: int, rounds: int
) -> dict[str, Any]:
    base = _base(contenders)
    return {
        "chapter": chapter.id,
        "ladder": ladder.name,
        "what": f"one training step, {settings.what}, float32",
        "threads": threads,
        "rounds": rounds,
        "steps_per_round": STEPS,
        "base": base.name,
        "contenders": {
            c.name: {
                "median_ms": round(1e3 * c.median, 4),
                "quartiles_ms": [round(1e3 * q, 4) for q in c.quartiles],
                "ratio": round(c.median / base.median, 4),
            }
            for c in contenders
        },
    }


def write_receipt(report: dict[str, Any]) -> Path:
    """benchmarks/<chapter>-<ladder>-<threads>t.json, with the machine, the versions and the commit."""
    from utils import receipts, runs

    state = {"hardware": receipts.hardware(), "versions": receipts.versions(), "commit": receipts.commit()}
    plain = {k: v.model_dump(mode="json") if hasattr(v, "model_dump") else v for k, v in state.items()}
    path = ROOT / "benchmarks" / f"{report['chapter']}-{report['ladder']}-{report['threads']}t.json"
    path.parent.mkdir(exist_ok=True)
    runs.write_json_atomic(path, {**report, **plain})
    return path
