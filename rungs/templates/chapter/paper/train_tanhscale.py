"""Train the model of this chapter at any level, and reproduce the chapter's results.

rungs train NN --config tiny
python NN_TanhScale/paper/train_tanhscale.py --config tiny --level numpy
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field
from tanhscale_data import SCALES, TASK, error, load_task

from utils.config import Config
from utils.ladder import load_ladders
from utils.levels.arrays import as_float32
from utils.receipts import Receipt
from utils.reproduction import Result, reproduce_results
from utils.runs import Run
from utils.saved_runs import SavedRun
from utils.scripts import train_command
from utils.training_utils import Batches, streams

CONFIGS = Path(__file__).parent / "configs"
SIZES: dict[str, Any] = {"width": len(SCALES)}  # of the model, as the ladder's levels take them


class CONFIG(Config):
    """Hyperparameters. TODO(rungs new): those of the paper, each with its table or page."""

    epochs: int = Field(ge=1, description="passes over the training set")
    batch_size: int = Field(20, ge=1, description="examples per step")
    lr: float = Field(gt=0, description="learning rate of gradient descent")
    seed: int = Field(0, ge=0, description="of initial weights and batch order, each a stream of its own")


# --8<-- [start:training_loop]
def main(config: CONFIG, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the final errors. The folder gets log, checkpoints and results."""
    rng = streams(config.seed, "init", "data")
    identity = {"chapter": "NN", "ladder": "tanhscale", "level": level, "config": config.model_dump(mode="json")}
    train, test = as_float32(load_task("train")), as_float32(load_task("test"))
    ladder = load_ladders("NN")["tanhscale"]
    batches = Batches(train, config.batch_size, rng["data"])
    start = as_float32(ladder.level("paper", **SIZES).fresh(rng["init"]))  # every level starts from the same

    with Run(folder, identity, rng=rng, resume=resume) as run:
        trainer = ladder.level(level, **SIZES).start(run.weights(start), lr=config.lr)
        run.restore(trainer, batches)
        while batches.epoch < config.epochs:
            losses = []
            for batch in batches:
                losses.append(run.took_step(trainer.step(batch), lr=config.lr))
                run.checkpoint(trainer, batches, every=60)
            run.log(epoch=batches.epoch, loss=float(np.mean(losses)), test_error=error(trainer, test))
            run.checkpoint(trainer, batches)
        return run.finish(test_error=error(trainer, test), train_error=error(trainer, train))


# --8<-- [end:training_loop]


RESULTS: dict[str, Result] = {
    "tiny": {
        "title": "TITLE, a placeholder",
        "paper_value": None,
        "paper_where": "TODO(rungs new): the paper's number, and its table or page; `target` says what is to be reached",
    },
}


def facts(config: CONFIG, runs: Mapping[int, SavedRun]) -> dict[str, Any]:
    """The fields of a receipt that RESULTS does not have."""
    return {"metric": "mean squared error on the test split", "dataset": TASK}


def reproduce(folder: Path, *, seeds: Sequence[int] = (0, 1, 2), only: Sequence[str] | None = None) -> list[Receipt]:
    """Train for each result once per seed, and write the receipts. A run that was interrupted is continued."""
    return reproduce_results(RESULTS, main, CONFIG, facts, folder, configs=CONFIGS, seeds=seeds, only=only)


if __name__ == "__main__":
    print(train_command(main, CONFIG, CONFIGS, chapter="NN", about=__doc__))
