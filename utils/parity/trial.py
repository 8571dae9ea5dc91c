"""One run of the proofs: which levels of a ladder take part, where their modules come from, on which draws."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from types import ModuleType

import numpy as np

from utils.ladder import Batch, Ladder, Level, Params
from utils.parity.finding import Finding, failed
from utils.parity.stand_in import StandIn

TRUTH = "paper"  # the level that the others are compared to; it is compared to the references


class Trial:
    """Modules may stand in for ours: a learner's, in which parts may be missing, or ours with a planted mistake.

    Args:
        only: the levels that are put to the proof.
        stand_in: the level that is taken from elsewhere.
        learner: whether that is a learner's.
        progress: called with what is about to be compared.
    """

    def __init__(
        self,
        ladder: Ladder,
        *,
        seeds: tuple[int, ...],
        only: Collection[str],
        stand_in: StandIn | None = None,
        learner: bool = False,
        progress: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.ladder, self.seeds, self.only, self.stand_in, self.progress = ladder, seeds, only, stand_in, progress
        self.load = stand_in or importlib.import_module
        self.stands_in = stand_in.level if stand_in else ""
        self.unfinished = self.stands_in if learner else ""

    def compared_levels(self) -> list[str]:
        """The levels that are compared to `TRUTH`; a module that stands in for it is compared to ours."""
        return [
            name for name in self.ladder.builders if name in self.only and (name != TRUTH or name == self.stands_in)
        ]

    def level(self, name: str) -> Level:
        """The level as it is put to the proof."""
        return self.ladder.level(name, load=self.load) if name == self.stands_in else self.ladder.levels[name]

    def draw(self, seed: int) -> tuple[Params, Batch]:
        rng = np.random.default_rng([seed, 0])
        return self.ladder.init(rng), self.ladder.batch(rng)

    def guard(self, what: str, check: Callable[[], list[Finding]], *levels: str) -> list[Finding]:
        """Run a check; what it raises is a finding. Where a learner's level takes part, a missing part is not written yet.

        Args:
            levels: those that take part.
        """
        unfinished = self.unfinished in levels
        try:
            return check()
        except NotImplementedError as error:
            status = "not written" if unfinished else "failed"
            return [Finding(what, status, message=str(error) or "raises NotImplementedError")]
        except AttributeError as error:
            if unfinished and isinstance(error.obj, ModuleType):
                return [Finding(what, "not written", message=f"{error.name} is not defined")]
            return [failed(what, _raised(error))]
        except (Exception, SystemExit) as error:  # a learner's code may call exit()
            return [failed(what, _raised(error))]


def _raised(error: BaseException) -> str:
    """The error with the innermost line of a chapter's or learner's file in it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"raised {type(error).__name__}: {error}{place}"
