"""One run of the proofs: which levels of a ladder take part, in which modules, on which draws."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np

from utils.ladder import Batch, Ladder, Level, Params
from utils.parity.finding import Finding, failed

TRUTH = "paper"  # the level that the others are compared to; it is compared to the references


class Trial:
    """Modules may stand in for ours: a learner's, in which parts may be missing, or ours with a planted mistake.

    Args:
        only: the levels that are put to the proof.
        stand_ins: level -> the module that takes the place of ours.
        learner: whether those are a learner's.
        progress: called with what is about to be compared.
    """

    def __init__(
        self,
        ladder: Ladder,
        *,
        seeds: tuple[int, ...],
        only: Collection[str],
        stand_ins: Mapping[str, ModuleType],
        learner: bool,
        progress: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.ladder, self.seeds, self.only, self.stand_ins, self.progress = ladder, seeds, only, stand_ins, progress
        self.unfinished = set(stand_ins) if learner else set()
        self.modules = {name: stand_ins.get(name) or importlib.import_module(m) for name, m in ladder.modules.items()}

    def compared_levels(self) -> list[str]:
        """The levels that are compared to `TRUTH`; a module that stands in for it is compared to ours."""
        return [name for name in self.ladder.modules if name in self.only and (name != TRUTH or name in self.stand_ins)]

    def level(self, name: str) -> Level:
        if name in self.stand_ins:
            return self.ladder.builders[name](self.stand_ins[name])
        return self.ladder.levels[name]

    def draw(self, seed: int) -> tuple[Params, Batch]:
        rng = np.random.default_rng([seed, 0])
        return self.ladder.init(rng), self.ladder.batch(rng)

    def guard(self, what: str, check: Callable[[], list[Finding]], *levels: str) -> list[Finding]:
        """Run a check; what it raises is a finding. Where a learner's level takes part, a missing part is not written yet.

        Args:
            levels: those that take part.
        """
        unfinished = not self.unfinished.isdisjoint(levels)
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
