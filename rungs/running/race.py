"""What `rungs bench` does: contenders take turns at a training step, and their times are compared.

They take turns so that a busy machine slows all of them alike. On one thread the CPU times are compared: a step that waits
for a core uses none. More threads also use CPU time while they wait for each other, so there the wall times are compared,
which mean little on a busy machine.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rungs.errors import Failed
from utils.chapters import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from rungs.running.load import Load
    from utils.ladder import Batch, Bench, Ladder, Params

STEPS = 3  # timed steps of one contender in one round, after one that is not timed
BASE = "paper"


@dataclass
class Contender:
    name: str
    step: Callable[[], object]
    wall: list[float] = field(default_factory=list)  # seconds of each timed step
    cpu: list[float] = field(default_factory=list)  # seconds that all threads together computed in each

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.wall) < 2:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.wall, n=4)
        return low, high

    @property
    def cpu_mean(self) -> float:
        """A mean: some systems count CPU time in ticks that are longer than a step."""
        return statistics.fmean(self.cpu)


@dataclass(frozen=True)
class Race:
    """Contenders with their times, and how busy the machine was meanwhile."""

    contenders: list[Contender]
    threads: int
    load: Load

    @property
    def base(self) -> Contender:
        return next((c for c in self.contenders if c.name == LEVELS[BASE]), self.contenders[0])

    @property
    def ratio_of(self) -> Literal["CPU time", "wall time"]:
        counted = all(contender.cpu_mean > 0.0 for contender in self.contenders)  # not below one tick
        return "CPU time" if self.threads == 1 and counted else "wall time"

    def ratio(self, contender: Contender) -> float:
        if self.ratio_of == "CPU time":
            return contender.cpu_mean / self.base.cpu_mean
        return contender.median / self.base.median


def contenders_of(ladder: Ladder, settings: Bench) -> list[Contender]:
    """One for each level and reference that can be trained, all from the same float32 parameters and batch."""
    import numpy as np

    from utils.levels.arrays import as_float32

    ours = {LEVELS.get(name, name): ladder.level(name, **settings.sizes) for name in ladder.builders}
    theirs = {name: ladder.reference(name, **settings.sizes) for name in ladder.reference_builders}
    params = as_float32(ladder.level("numpy", **settings.sizes).fresh(np.random.default_rng(0)))
    rng = np.random.default_rng(1)
    batch = as_float32(ladder.noisy(rng, settings.batch(rng), **settings.sizes))
    contenders = [Contender(n, _step(level, params, batch)) for n, level in (ours | theirs).items() if level.trainable]
    base = ladder.level(BASE, **settings.sizes)
    for name, options in settings.variants.items():
        contenders.append(Contender(name, _step(base, params, batch, **options)))
    return contenders


def _step(level: Any, params: Params, batch: Batch, **options: Any) -> Callable[[], float]:
    trainer = level.start(params, **options)
    trainer.lr = 0.0 * trainer.lr  # the same work, and the parameters stay where the arithmetic is ordinary
    return lambda: trainer.step(batch)


def race(contenders: list[Contender], threads: int, rounds: int, console: Any) -> Race:
    """Raises Failed: a loss is not finite."""
    from rich.progress import track

    from rungs.running.load import LoadMeter

    for contender in contenders:
        contender.step()  # what is compiled or allocated once
    meter = LoadMeter()
    for number in track(range(rounds), "timing", console=console, transient=True, disable=not console.is_terminal):
        # Each round begins with another one: nobody always runs behind the same neighbour.
        for index in range(len(contenders)):
            contender = contenders[(index + number) % len(contenders)]
            contender.step()
            for _ in range(STEPS):
                wall, cpu = time.perf_counter(), time.process_time()
                loss = contender.step()
                contender.wall.append(time.perf_counter() - wall)
                contender.cpu.append(time.process_time() - cpu)
            if not math.isfinite(float(loss)):  # pyright: ignore[reportArgumentType, reportPossiblyUnbound]
                raise Failed(f"the loss of {contender.name} is {loss}: times of such a step mean nothing")
    return Race(contenders, threads, meter.read())


def table(result: Race) -> Table:
    from rich.table import Table

    shown = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    shown.add_column("")
    for heading in ("wall ms/step", "middle half", "CPU ms/step", f"times {result.base.name}"):
        shown.add_column(heading, justify="right")
    for contender in result.contenders:
        low, high = contender.quartiles
        shown.add_row(
            f"[bold]{contender.name}[/]",
            f"{1e3 * contender.median:.2f}",
            f"{1e3 * low:.2f} to {1e3 * high:.2f}",
            f"{1e3 * contender.cpu_mean:.2f}",
            f"{result.ratio(contender):.2f}",
        )
    return shown
