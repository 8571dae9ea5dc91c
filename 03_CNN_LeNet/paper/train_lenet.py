"""Train LeNet-5 or the modern variant at any level, and reproduce the chapter's results.

rungs train 03 --config lenet5                # the paper's network on MNIST, 20 passes
python 03_CNN_LeNet/paper/train_lenet.py --config tiny --level numpy
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import lenet_modern_numpy
import lenet_numpy
import numpy as np
from evaluate_lenet import error_rate, model_sizes
from lenet_data import to_input
from pydantic import Field, model_validator

from utils.config import Config, load_config
from utils.data_loaders import load_dataset
from utils.ladder import Params, load_ladders
from utils.receipts import Receipt, Target, new_receipt, write_receipt
from utils.runs import Run
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
    examples: int | None = Field(
        None,
        ge=1,
        description="only the first so many training images (15,000, 30,000, 60,000 in Figure 6); all if empty",
    )
    epochs: int = Field(20, ge=1, description="passes over the training set (20 in section III-B)")
    batch_size: int = Field(64, ge=1, description="images per step (the paper: one; see the deviations)")
    lr: float = Field(0.002, gt=0, description="the largest learning rate; the paper's rates belong to its Appendix C")
    momentum: float = Field(0.9, ge=0, lt=1, description="of SGD (none in the paper)")
    warmup: float = Field(0.3, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    seed: int = Field(0, ge=0, description="of initial weights and batch order, each a stream of its own")

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


def initial_params(config: LeNetConfig, rng: np.random.Generator) -> Params:
    """The NumPy level's own initialisation in float32, so that every level starts from the same weights."""
    if config.ladder == "lenet_modern":
        model = lenet_modern_numpy.LeNetModern(rng=rng, dtype=np.float32)
    else:
        table = lenet_numpy.FULL_TABLE if config.table == "full" else lenet_numpy.C3_TABLE
        model = lenet_numpy.LeNet5(rng=rng, table=table, dtype=np.float32)
    return {**model.params, **model.buffers}


# --8<-- [start:training_loop]
def main(config: LeNetConfig, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the final errors in percent. The folder gets log, checkpoints and results."""
    rng = streams(config.seed, "init", "data")
    identity = {"chapter": "03", "ladder": config.ladder, "level": level, "config": config.model_dump(mode="json")}
    train, test = (to_input(load_dataset(config.dataset, split)) for split in ("train", "test"))
    train = {name: array[: config.examples] for name, array in train.items()}
    batches = Batches(train, config.batch_size, rng["data"])
    steps = config.epochs * len(batches)
    start = initial_params(config, rng["init"])

    with Run(folder, identity, rng=rng, resume=resume) as run:
        implementation = load_ladders("03")[config.ladder].level(level, **model_sizes(config.table))
        trainer = implementation.start(run.params or start, lr=config.lr, momentum=config.momentum)
        run.restore(trainer, batches)
        while batches.epoch < config.epochs:
            losses = []
            for batch in batches:
                trainer.lr = one_cycle(run.step, steps, config.lr, config.warmup)
                losses.append(run.took_step(trainer.step(batch), lr=trainer.lr))
                run.checkpoint(trainer, batches, every=60)
            run.log(epoch=batches.epoch, loss=float(np.mean(losses)), test_error=error_rate(trainer, test))
            run.checkpoint(trainer, batches)
        return run.finish(test_error=error_rate(trainer, test), train_error=error_rate(trainer, train))


# --8<-- [end:training_loop]


PAPER = "section III-B: test error after 10 to 12 passes, 0.95 % +- 0.1"
RESULTS: dict[str, dict[str, Any]] = {
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


def reproduce(folder: Path, *, seeds: Sequence[int] = (0, 1, 2), only: Sequence[str] | None = None) -> list[Receipt]:
    """Every MNIST number of the chapter, one training a seed. A run that was interrupted is continued, a finished one
    is taken as it is. The receipts are written one by one."""
    receipts = []
    for name in RESULTS:
        if not only or name in only:
            receipts.append(_reproduce(name, Path(folder), seeds))
            write_receipt(receipts[-1])
    return receipts


def _reproduce(name: str, folder: Path, seeds: Sequence[int]) -> Receipt:
    import torch

    torch.set_num_threads(1)  # sums then have one order
    told = dict(RESULTS[name])
    level = told.pop("level", "paper")
    config = load_config(told.pop("config", name), CONFIG, folder=CONFIGS)
    values, trained, times, steps = {}, {}, {}, 0
    for seed in seeds:
        place = folder / f"{name}-{seed}"
        if not (place / "results.json").exists():
            main(config.model_copy(update={"seed": seed}), place, level=level, resume=(place / "run.json").exists())
        results = json.loads((place / "results.json").read_text(encoding="utf-8"))
        values[seed], trained[seed] = results["metrics"]["test_error"], results["metrics"]["train_error"]
        times[seed], steps = results["wall_time_s"], results["steps"]
    return new_receipt(
        name=name,
        chapter="03",
        ladder=config.ladder,
        level=level,
        metric="test error",
        unit="%",
        values=values,
        dataset=" and ".join(load_dataset(config.dataset, split).source for split in ("train", "test")),
        steps=steps,
        wall_time_s=times,
        config=config.model_dump(mode="json", exclude={"seed"}),
        notes="training error in % by seed: " + ", ".join(f"{seed}: {value:.3f}" for seed, value in trained.items()),
        **told,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="tiny", help="a name in configs/, or a path")
    parser.add_argument("--level", default="paper", choices=["numpy", "pytorch_lowlevel", "paper"])
    parser.add_argument("--out", type=Path, default=None, help="folder for log and checkpoints")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    settings = load_config(given.config, CONFIG, given.set, folder=CONFIGS)
    out = given.out or Path("runs") / "train" / f"03-{Path(given.config).stem}-{given.level}"
    for metric, value in main(settings, out, level=given.level, resume=given.resume).items():
        print(f"{metric:<24} {value:.3f} %")
