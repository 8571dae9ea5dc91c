"""Train LeNet-5 or the modern variant at any level, and reproduce the chapter's results.

rungs train 03 --config lenet5                # the paper's network on MNIST, 20 passes
python 03_CNN_LeNet/paper/train_lenet.py --config tiny --level numpy
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from lenet_data import to_input
from lenet_numpy import FULL_TABLE
from pydantic import Field, model_validator

from utils.classification import error_rate, predictions
from utils.config import BatchSize, Config, Examples, Passes, Rate, Seed
from utils.data_loaders import both_sources, load_dataset
from utils.ladder import Batch, Trainer, load_ladders
from utils.levels.arrays import as_float32
from utils.receipts import Receipt, Target
from utils.reproduction import Result, reproduce_results
from utils.runs import Run
from utils.saved_runs import SavedRun
from utils.scripts import train_command
from utils.training_utils import Batches, streams

CONFIGS = Path(__file__).parent / "configs"


class LeNetConfig(Config):
    """Hyperparameters of one network on one data set."""

    ladder: Literal["lenet5", "lenet5_mse", "lenet_modern"] = Field(
        description="lenet5: the paper's network with the loss of equation 9; lenet5_mse: with that of equation 8; "
        "lenet_modern: ReLU, max-pooling, cross-entropy"
    )
    table: Literal["paper", "full"] = Field("paper", description="the links of C3: Table I, or every map to every map")
    dataset: Literal["mnist", "fashion-mnist", "digits"] = Field(description="the paper: MNIST (section III-A)")
    examples: Examples | None = Field(
        None,
        description="only the first so many training images (15,000, 30,000, 60,000 in Figure 6); all if empty",
    )
    epochs: Passes = Field(20, description="passes over the training set (20 in section III-B)")
    batch_size: BatchSize = Field(64, description="images per step (the paper: one; see the deviations)")
    lr: Rate = Field(0.002, description="the largest learning rate; the paper's rates belong to its Appendix C")
    momentum: float = Field(0.9, ge=0, lt=1, description="of SGD (none in the paper)")
    warmup: float = Field(0.3, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    seed: Seed = Field(0, description="of initial weights and batch order, each a stream of its own")

    @model_validator(mode="after")
    def _table_of_lenet5(self) -> Self:
        if self.table == "full" and self.ladder == "lenet_modern":
            raise ValueError("lenet_modern has no connection table: every map is connected; leave table at 'paper'")
        return self


CONFIG = LeNetConfig


def one_cycle(step: int, steps: int, largest: float, warmup: float) -> float:
    """The learning rate of a step: from largest/25 in a straight line up to `largest`, then down to 0 along a cosine."""
    rise = warmup * steps
    if step < rise:
        return largest * (1 / 25 + (1 - 1 / 25) * step / rise)
    return largest * 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise)))


def model_sizes(config: LeNetConfig) -> dict[str, Any]:
    """What the ladder's levels are built with: the links of C3, where they are not the paper's."""
    return {"table": FULL_TABLE} if config.table == "full" else {}


def error(trainer: Trainer, data: Batch) -> float:
    """Share of wrong answers, in percent."""
    return error_rate(predictions(trainer, data), data["labels"])


# --8<-- [start:training_loop]
def main(config: LeNetConfig, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the final errors in percent. The folder gets log, checkpoints and results."""
    rng = streams(config.seed, "init", "data")
    identity = {"chapter": "03", "ladder": config.ladder, "level": level, "config": config.model_dump(mode="json")}
    train, test = (to_input(load_dataset(config.dataset, split)) for split in ("train", "test"))
    train = {name: array[: config.examples] for name, array in train.items()}
    batches = Batches(train, config.batch_size, rng["data"])
    steps = config.epochs * len(batches)
    ladder, sizes = load_ladders("03")[config.ladder], model_sizes(config)
    start = as_float32(ladder.level("numpy", **sizes).fresh(rng["init"]))  # every level starts from the same

    with Run(folder, identity, rng=rng, resume=resume) as run:
        trainer = ladder.level(level, **sizes).start(run.weights(start), lr=config.lr, momentum=config.momentum)
        run.restore(trainer, batches)
        while batches.epoch < config.epochs:
            losses = []
            for batch in batches:
                trainer.lr = one_cycle(run.step, steps, config.lr, config.warmup)
                losses.append(run.took_step(trainer.step(batch), lr=trainer.lr))
                run.checkpoint(trainer, batches, every=60)
            run.log(epoch=batches.epoch, loss=float(np.mean(losses)), test_error=error(trainer, test))
            run.checkpoint(trainer, batches)
        return run.finish(test_error=error(trainer, test), train_error=error(trainer, train))


# --8<-- [end:training_loop]


PAPER = "section III-B: test error after 10 to 12 passes, 0.95 % +- 0.1"
RESULTS: dict[str, Result] = {
    "lenet5": {
        "title": "LeNet-5, loss of equation 9",
        "paper_value": 0.95,
        "paper_where": PAPER,
        "target": Target(text="0.85 to 1.10 %", low=0.85, high=1.10),
    },
    "lenet5_mse": {
        "title": "LeNet-5, loss of equation 8",
        "paper_value": 0.95,
        "paper_where": PAPER,
        "target": Target(text="0.85 to 1.10 %", low=0.85, high=1.10),
    },
    "lenet5_numpy": {
        "title": "LeNet-5, NumPy level",
        "config": "lenet5",
        "level": "numpy",
        "paper_value": 0.95,
        "paper_where": PAPER,
        "target": Target(text="0.85 to 1.10 %", low=0.85, high=1.10),
    },
    "lenet5_full_table": {
        "title": "LeNet-5 with every link in C3 (60,900 parameters)",
        "paper_value": None,
        "paper_where": "section II-B gives no error for it, only reasons",
    },
    "lenet5_15000": {
        "title": "LeNet-5, 15,000 training images",
        "paper_value": 1.7,
        "paper_where": "Figure 6, read off",
    },
    "lenet5_30000": {
        "title": "LeNet-5, 30,000 training images",
        "paper_value": 1.15,
        "paper_where": "Figure 6, read off",
    },
    "lenet_modern": {
        "title": "modern variant: ReLU, max-pooling, softmax",
        "paper_value": 0.95,
        "paper_where": "section III-B, for LeNet-5 itself",
        "target": Target(text="at most 1.10 %", high=1.10),
    },
}


def facts(config: LeNetConfig, runs: Mapping[int, SavedRun]) -> dict[str, Any]:
    """The fields of a receipt that RESULTS does not have."""
    fitted = ", ".join(f"{seed}: {run.metrics['train_error']:.3f}" for seed, run in runs.items())
    return {
        "metric": "test error",
        "unit": "%",
        "dataset": both_sources(config.dataset),
        "notes": f"training error in % by seed: {fitted}",
    }


def reproduce(
    folder: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    only: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    replace: bool = False,
) -> list[Receipt]:
    """Every MNIST number of the chapter, one training a seed. A run that was interrupted is continued, a finished one
    is taken as it is. The receipts are written one by one."""
    import torch

    torch.set_num_threads(1)  # sums then have one order
    return reproduce_results(
        RESULTS,
        main,
        CONFIG,
        facts,
        folder,
        configs=CONFIGS,
        seeds=seeds,
        only=only,
        overrides=overrides,
        replace=replace,
    )


if __name__ == "__main__":
    for metric, value in train_command(main, CONFIG, CONFIGS, chapter="03", about=__doc__).items():
        print(f"{metric:<24} {value:.3f} %")
