"""Train any model of the chapter, at any level: `python train_linear.py --config softmax --level numpy`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from evaluate_linear import closed_forms, error, metric_name
from linear_data import Batch, load_rows
from linear_numpy import Linear
from pydantic import Field, model_validator

from utils.config import Config, load_config
from utils.ladder import Params, load_ladders
from utils.receipts import Receipt, new_receipt, write_receipt
from utils.runs import Run
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
    epochs: int = Field(default=1, ge=1, description="passes over the training set")
    batch_size: int = Field(default=100, ge=1, description="examples per step")
    lr: float = Field(default=0.1, gt=0, description="epsilon of equation 18")
    seed: int = Field(default=0, ge=0, description="seed of initial weights and batch order")

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
        trainer = implementation.start(run.params or initial(sizes, rng["init"]), lr=config.lr)
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


def as_float32(data: Batch) -> Batch:
    return {name: v.astype(np.float32) if v.dtype == np.float64 else v for name, v in data.items()}


def tiny(ladder: str) -> LinearConfig:
    """The smallest setting: one epoch on embedded data."""
    return LinearConfig.model_validate({"ladder": ladder, "dataset": DATA[ladder][0], "batch_size": 64, "epochs": 1})


# ---- Results ----

WHERE = "section III-C.1 and figure 9"
TARGET = {"text": "at most 12.0 %", "high": 12.0}
TRAINED = {  # receipt -> configuration, level, epochs after which to read the test error, title
    "lecun1998": ("lecun1998", "paper", 10, "10 sigmoid units, squared error, 10 epochs"),
    "lecun1998-1-epoch": ("lecun1998", "paper", 1, "10 sigmoid units, squared error, 1 epoch"),
    "softmax": ("softmax", "paper", 10, "softmax regression, 10 epochs"),
    "softmax-numpy": ("softmax", "numpy", 10, "softmax regression, NumPy level, 10 epochs"),
}


def reproduce(folder: Path, *, seeds: Sequence[int] = (0, 1, 2), only: Sequence[str] | None = None) -> list[Receipt]:
    """Every MNIST number of the chapter: train or solve, write the receipt."""
    sets = " and ".join(_source(split) for split in ("train", "test"))
    shared = {"chapter": "01", "metric": "test error", "unit": "%", "paper_where": WHERE, "dataset": sets}
    receipts = []
    for name, (config_name, level, epochs, title) in TRAINED.items():
        if only and name not in only:
            continue
        values, seconds, steps = {}, {}, 0
        for seed in seeds:
            config = load_config(config_name, LinearConfig, [f"seed={seed}", f"epochs={epochs}"], folder=CONFIGS)
            run_folder = Path(folder) / f"{name}-{seed}"
            values[seed] = main(config, run_folder, level=level)["test_error"]
            seconds[seed], steps = _measured(run_folder)
        receipts.append(
            new_receipt(
                **shared,
                name=name,
                ladder=config.ladder,
                level=level,
                title=title,
                values=values,
                steps=steps,
                wall_time_s=seconds,
                paper_value=12.0,
                target=TARGET if epochs > 1 else None,
                config=config.model_dump(mode="json", exclude={"seed"}),
            )
        )
        write_receipt(receipts[-1])
    for solved in closed_forms(only):
        receipts.append(new_receipt(**shared, ladder="linear", level="numpy", steps=0, **solved))
        write_receipt(receipts[-1])
    return receipts


def _measured(folder: Path) -> tuple[float, int]:
    import json

    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return results["wall_time_s"], results["steps"]


def _source(split: str) -> str:
    from utils.data_loaders import load_dataset

    return load_dataset("mnist", split).source


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--config", default="tiny", help=f"one of {', '.join(sorted(p.stem for p in CONFIGS.glob('*.yaml')))}"
    )
    parser.add_argument("--level", default="paper", choices=["numpy", "pytorch_lowlevel", "paper"])
    parser.add_argument("--out", type=Path, default=None, help="run folder; runs/01-<config>-<level> otherwise")
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    out = arguments.out or Path("runs") / f"01-{Path(arguments.config).stem}-{arguments.level}"
    settings = load_config(arguments.config, LinearConfig, folder=CONFIGS)
    for key, value in main(settings, out, level=arguments.level, resume=arguments.resume).items():
        print(f"{key:<24} {value:.4f}")
