"""What `rungs bench` does: contenders take turns at a training step, and their medians are compared.

They take turns so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rungs.errors import Failed
from utils.chapters import LEVELS

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

    base = base_of(contenders)
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


def base_of(contenders: list[Contender]) -> Contender:
    return next((c for c in contenders if c.name == LEVELS[BASE]), contenders[0])
