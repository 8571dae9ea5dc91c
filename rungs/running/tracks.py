"""What `rungs climb` does: the levels step through the same batches, and are compared on the way."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rungs.errors import Failed
from utils.chapters import LEVELS, Chapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure
    from rich.table import Table

    from utils.ladder import Batch, Climb, Ladder, Trainer

POINTS = 50  # how often, in a whole climb, the levels are compared and scored


@dataclass
class Track:
    """What is recorded of one level."""

    level: str
    trainer: Trainer
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    points: list[int] = field(default_factory=list)  # steps at which the two lists below were taken
    scores: list[float] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)  # largest, to the first level, over all parameters

    @property
    def milliseconds(self) -> float:
        """The median step, without the first ones, in which libraries warm up."""
        return 1e3 * statistics.median(self.seconds[3:] or self.seconds)


def train(ladder: Ladder, settings: Climb, steps: int, seed: int, console: Any) -> list[Track]:
    """One step of each level on a batch, then the next batch; the levels are compared at `POINTS` steps."""
    import numpy as np
    from rich.live import Live

    tracks: list[Track] = []
    shown = 0.0
    with Live(console=console, auto_refresh=False) as live:

        def show(step: int, *, now: bool = False) -> None:
            nonlocal shown
            if console.is_terminal and (now or time.monotonic() - shown > 0.1):
                shown = time.monotonic()
                live.update(table(tracks, step, steps, settings.metric), refresh=True)

        levels = {name: ladder.level(name, **settings.sizes) for name in ladder.builders}
        params = levels["numpy"].fresh(np.random.default_rng([seed, 0]))
        test = settings.test()
        for name, level in levels.items():
            # The first torch optimizer takes seconds to load: what is ready is shown meanwhile.
            tracks.append(Track(name, level.start(params, **settings.options)))
            compare(tracks[-1:], tracks[0], 0, ladder, settings, test)
            show(0, now=True)
        marks = {round(i * steps / POINTS) for i in range(1, POINTS)} | {steps}
        noise = np.random.default_rng([seed, 2])
        for step, batch in enumerate(settings.batches(np.random.default_rng([seed, 1]), steps), start=1):
            batch = ladder.noisy(noise, batch, **settings.sizes)
            for track in tracks:
                one_step(track, batch, step, settings.schedule or ladder.schedule)
            if step in marks:
                compare(tracks, tracks[0], step, ladder, settings, test)
            show(step, now=step == steps)
    if len(tracks[0].losses) != steps:
        raise Failed(f"the data gave {len(tracks[0].losses)} batches for {steps} steps")
    return tracks


def one_step(track: Track, batch: Batch, step: int, schedule: Callable[[int], float] | None) -> None:
    if schedule is not None:
        track.trainer.lr = schedule(step - 1)
    began = time.perf_counter()
    loss = track.trainer.step(batch)
    track.seconds.append(time.perf_counter() - began)
    track.losses.append(loss)
    if not math.isfinite(loss):
        raise Failed(f"the loss of level {track.level} is {loss} at step {step}; try another --seed")


def compare(tracks: list[Track], base: Track, step: int, ladder: Ladder, settings: Climb, test: Batch) -> None:
    """Score each track on the test batch, and note its largest parameter difference to `base`.

    Parameters whose gradient is zero by mathematics are left out, as in the proofs: theirs is rounding noise, which Adam
    scales up to full steps.
    """
    import numpy as np

    first = base.trainer.params()
    for track in tracks:
        params = track.trainer.params()
        if params.keys() != first.keys():
            raise Failed(f"level {track.level} has parameters {sorted(params)}, {base.level} has {sorted(first)}")
        track.points.append(step)
        track.scores.append(settings.score(track.trainer, test))
        track.differences.append(
            max(
                float(np.abs(v.astype(np.float64) - first[k].astype(np.float64)).max())
                for k, v in params.items()
                if k not in ladder.zero_grad
            )
        )


def table(tracks: list[Track], step: int, steps: int, metric: str) -> Table:
    from rich.table import Table

    shown = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    shown.add_column(f"step {step}/{steps}", no_wrap=True)
    for heading in ("loss", f"test {metric}", "ms/step", f"difference to {LEVELS[tracks[0].level]}"):
        shown.add_column(heading, justify="right")
    for number, track in enumerate(tracks):
        shown.add_row(
            f"[bold]{LEVELS.get(track.level, track.level)}[/]",
            f"{track.losses[-1]:.6f}" if track.losses else "-",
            score_text(track.scores[-1], metric),
            f"{track.milliseconds:.2f}" if track.losses else "-",
            "-" if number == 0 else f"{track.differences[-1]:.1e}",
        )
    return shown


def score_text(score: float, metric: str) -> str:
    return f"{score:.1%}" if "accuracy" in metric else f"{score:.4g}"


def figure(tracks: list[Track], title: str, metric: str) -> Figure:
    """Left: the loss of every level, one line over the other. Right: how far each is from the first; logarithmic."""
    from utils.figures.curves import loss_and_accuracy

    names = [LEVELS.get(track.level, track.level) for track in tracks]
    losses = {name: track.losses for name, track in zip(names, tracks, strict=True)}
    # Zero has no logarithm: an exact agreement is drawn on the floor.
    floor = 1e-18
    differences = {
        name: (track.points, [max(d, floor) for d in track.differences])
        for name, track in list(zip(names, tracks, strict=True))[1:]
    }
    drawn = loss_and_accuracy(
        losses, differences, metric=f"largest parameter difference to {names[0]}", title=f"{title}: all levels"
    )
    drawn.axes[1].set_yscale("log")
    drawn.axes[1].set_ylim(floor / 3, 1e-3)
    return drawn


def as_dict(
    tracks: list[Track], chapter: Chapter, ladder: Ladder, settings: Climb, steps: int, seed: int, path: str
) -> dict[str, Any]:
    return {
        "chapter": chapter.id,
        "ladder": ladder.name,
        "dataset": settings.dataset,
        "metric": settings.metric,
        "steps": steps,
        "seed": seed,
        "figure": path,
        "levels": {
            track.level: {
                "loss": track.losses[-1],
                "score": track.scores[-1],
                "ms_per_step": track.milliseconds,
                "difference": track.differences[-1],
                "losses": track.losses,
            }
            for track in tracks
        },
    }
