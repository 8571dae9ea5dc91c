"""Train any model of the chapter at any level, and reproduce the chapter's results.

rungs train 01 --config softmax              # softmax regression on MNIST
python 01_Linear_Logistic/paper/train_linear.py --config tiny --level numpy
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from evaluate_linear import closed_forms, error, metric_name
from linear_data import Batch, load_rows
from linear_numpy import Linear
from pydantic import Field, model_validator

from utils.config import BatchSize, Config, Passes, Rate, Seed
from utils.data_loaders import both_sources
from utils.ladder import Params, load_ladders
from utils.levels.arrays import as_float32
from utils.receipts import Receipt, Target, new_receipt, write_receipt
from utils.reproduction import Result, reproduce_results
from utils.runs import Run
from utils.saved_runs import SavedRun
from utils.scripts import train_command
from utils.training_utils import Batches, streams

CONFIGS = Path(__file__).parent / "configs"
DATA = {
    "linear": ("diabetes",),
    "ridge": ("diabetes",),
    "lasso": ("diabetes",),
    "logistic": ("breast_cancer",),
    "softmax": ("digits", "mnist"),
    "lecun1998": ("digits", "mnist"),
}


class LinearConfig(Config):
    """The paper gives no hyperparameters for its linear classifier, so all of these are ours."""

    ladder: Literal["linear", "ridge", "lasso", "logistic", "softmax", "lecun1998"] = Field(
        description="which model; lecun1998 is the linear classifier of section III-C.1"
    )
    dataset: Literal["diabetes", "breast_cancer", "digits", "mnist"] = Field(
        description="the paper uses MNIST, its 60,000 training and 10,000 test images (section III-A)"
    )
    epochs: Passes = Field(default=1, description="passes over the training set")
    batch_size: BatchSize = Field(default=100, description="examples per step")
    lr: Rate = Field(default=0.1, description="epsilon of equation 18")
    seed: Seed = Field(default=0, description="seed of initial weights and batch order")

    @model_validator(mode="after")
    def _fitting_data(self) -> Self:
        if self.dataset not in DATA[self.ladder]:
            raise ValueError(f"{self.ladder} trains on {' or '.join(DATA[self.ladder])}, not on {self.dataset}")
        return self


CONFIG = LinearConfig


def main(config: LinearConfig, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the test metrics; `folder` keeps log and checkpoints."""
    rng = streams(config.seed, "init", "data")
    identity = {"chapter": "01", "ladder": config.ladder, "level": level, "config": config.model_dump(mode="json")}
    train, test = (as_float32(load_rows(config.dataset, split)) for split in ("train", "test"))
    batches = Batches(train, config.batch_size, rng["data"])
    metric, sizes = metric_name(config.ladder), model_sizes(train, config.ladder)

    with Run(folder, identity, rng=rng, resume=resume) as run:
        implementation = load_ladders("01")[config.ladder].level(level, **sizes)
        trainer = implementation.start(run.weights(initial(sizes, rng["init"])), lr=config.lr)
        run.restore(trainer, batches)

        while batches.epoch < config.epochs:
            for batch in batches:
                loss = run.took_step(trainer.step(batch), lr=trainer.lr)
                if run.step % 20 == 0:
                    run.log(loss=loss)
                run.checkpoint(trainer, batches, every=60)
            run.log(epoch=batches.epoch, **{metric: error(trainer.predict(test), test)})
            run.checkpoint(trainer, batches)
        return run.finish(
            **{
                f"train_{metric}": error(trainer.predict(train), train),
                f"test_{metric}": error(trainer.predict(test), test),
            }
        )


def model_sizes(train: Batch, ladder: str) -> dict[str, Any]:
    """As many features as the data have; an output per class, where there are more than two, and otherwise one."""
    outputs = int(train["targets"].max()) + 1 if ladder in ("softmax", "lecun1998") else 1
    return {"in_features": train["inputs"].shape[1], "out_features": outputs}


def initial(sizes: dict[str, Any], rng: np.random.Generator) -> Params:
    """Xavier weights and zero biases."""
    layer = Linear(**sizes, rng=rng, dtype=np.float32)
    return {f"linear.{name}": value for name, value in layer.params.items()}


# ---- Results ----

TARGET = Target(text="at most 12.0 %", high=12.0)
RESULTS: dict[str, Result] = {
    "lecun1998": {"title": "10 sigmoid units, squared error, 10 epochs", "target": TARGET},
    "lecun1998-1-epoch": {
        "title": "10 sigmoid units, squared error, 1 epoch",
        "config": "lecun1998",
        "overrides": ("epochs=1",),
    },
    "softmax": {"title": "softmax regression, 10 epochs", "target": TARGET},
    "softmax-numpy": {
        "title": "softmax regression, NumPy level, 10 epochs",
        "config": "softmax",
        "level": "numpy",
        "target": TARGET,
    },
}


SHARED = {"metric": "test error", "unit": "%", "paper_where": "section III-C.1 and figure 9"}


def facts(config: LinearConfig, runs: Mapping[int, SavedRun]) -> dict[str, Any]:
    return SHARED | {"paper_value": 12.0, "dataset": both_sources(config.dataset)}


def reproduce(
    folder: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    only: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    replace: bool = False,
) -> list[Receipt]:
    """Every MNIST number of the chapter: train or solve, write the receipt."""
    receipts = reproduce_results(
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
    shared = SHARED | {"chapter": "01", "ladder": "linear", "level": "numpy", "dataset": both_sources("mnist")}
    for solved in () if overrides else closed_forms(only):  # there are no settings to change
        receipts.append(new_receipt(**shared, steps=0, **solved))
        write_receipt(receipts[-1])
    return receipts


if __name__ == "__main__":
    for metric, value in train_command(main, CONFIG, CONFIGS, chapter="01", about=__doc__).items():
        print(f"{metric:<24} {value:.4f}")
