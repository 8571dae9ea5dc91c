"""Runs that were trained before, read from their folders: what was trained, its results, its weights.

run = read_run(folder, LeNetConfig)
run.config.dataset, run.level, run.metrics["test_error"]
trainer = run.trainer(sizes)                       # at the level that was trained, with the weights of the last checkpoint
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic

import numpy as np
from pydantic import BaseModel, ValidationError

from utils.checkpoints import CheckpointError, fitting, load_checkpoint, read_identity
from utils.config import C
from utils.ladder import Params, Trainer, load_ladders
from utils.runs import CHECKPOINT, group


class _Results(BaseModel):
    """results.json. Runs of earlier versions have neither CPU time nor threads."""

    metrics: dict[str, float]
    steps: int
    wall_time_s: float
    cpu_time_s: float | None = None
    threads: int | None = None


@dataclass(frozen=True)
class SavedRun(Generic[C]):
    """A run in `folder`, finished or not. Results and weights are read when they are asked for."""

    folder: Path
    identity: Mapping[str, Any]  # chapter, ladder, level, config
    config: C

    @property
    def level(self) -> str:
        return self.identity["level"]

    @cached_property
    def results(self) -> Mapping[str, Any]:
        """What a finished run ended with: "metrics", "steps", "wall_time_s", "cpu_time_s", "threads"."""
        try:
            results = _Results.model_validate_json((self.folder / "results.json").read_bytes())
        except FileNotFoundError:
            raise
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, problem["loc"])) or problem["msg"] for problem in error.errors())
            raise CheckpointError(f"run folder {self.folder}: results.json is damaged: {wrong}") from None
        return results.model_dump()

    @property
    def metrics(self) -> Mapping[str, float]:
        return self.results["metrics"]

    @property
    def params(self) -> Params:
        """The parameters of the last checkpoint.

        Raises:
            CheckpointError: missing, damaged, or not of this run.
        """
        return group(self._arrays, "params")

    @property
    def extra(self) -> Params:
        """The further arrays of the last checkpoint. Raises CheckpointError as `params` does."""
        return group(self._arrays, "extra")

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        return load_checkpoint(self.folder / CHECKPOINT, self.identity)[0]

    def trainer(self, sizes: Mapping[str, Any], level: str | None = None, **options: Any) -> Trainer:
        """The last checkpoint at a level, by default the one that was trained.

        Args:
            sizes: of the model, as in `Ladder.level`.
            options: as in `Level.start`.
        """
        ladder = load_ladders(self.identity["chapter"])[self.identity["ladder"]]
        implementation = ladder.level(level or self.level, **sizes)
        return implementation.start(self.weights(implementation.fresh(np.random.default_rng(0))), **options)

    def weights(self, like: Params) -> Params:
        """The parameters of the last checkpoint, for a model whose own are `like`.

        Raises:
            CheckpointError: missing, damaged, not of this run, or not of this model.
        """
        return fitting(self.params, like, f"checkpoint {self.folder / CHECKPOINT}")


def read_run(folder: Path | str, model: type[C]) -> SavedRun[C]:
    """The run in `folder`.

    Args:
        model: the pydantic model of its configuration.

    Raises:
        CheckpointError: no run there, or one whose configuration is not a `model`: that of another chapter.
    """
    folder = Path(folder)
    try:
        identity = read_identity(folder)
        return SavedRun(folder, identity, model.model_validate(identity["config"]))
    except ValidationError as error:
        wrong = sorted({".".join(map(str, problem["loc"])) or problem["msg"] for problem in error.errors()})
        told = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        of = f"chapter {identity.get('chapter')}, ladder {identity.get('ladder')}"
        raise CheckpointError(f"the run in {folder} is of {of}, with other settings than here: {told}") from None
    except OSError as error:
        raise CheckpointError(f"there is no run in {folder}: run.json: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"run folder {folder}: run.json is damaged ({error!r})") from None


def finished_seeds(folder: Path, *names: str) -> list[int]:
    """The seeds of which `folder` has a finished run <name>-<seed> for every one of `names`, in order."""
    found = [
        {
            seed
            for path in folder.glob(f"{name}-*/results.json")
            if (seed := path.parent.name[len(name) + 1 :]).isdigit()
        }
        for name in names
    ]
    return sorted(int(seed) for seed in set.intersection(*found))
