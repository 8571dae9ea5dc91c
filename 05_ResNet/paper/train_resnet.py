"""Train a residual or plain network on CIFAR-10 at any level, and reproduce the chapter's results.

rungs train 05 --config small_resnet20                    # minutes on one CPU core
rungs train 05 --config resnet20                          # the paper's schedule: meant for a GPU
accelerate launch 05_ResNet/paper/train_resnet.py --config resnet20 --out runs/resnet20      # several devices
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from resnet_data import Images, augment, load_images, prepare

from utils.classification import error_rate, predictions
from utils.config import BatchSize, Config, ConfigError, Decay, Device, Examples, Rate, Seed, Steps, Width
from utils.data_loaders import both_sources
from utils.ladder import Batch, Trainer, load_ladders
from utils.levels.arrays import as_float32
from utils.receipts import Receipt, Target
from utils.reproduction import Result, reproduce_results
from utils.runs import Run
from utils.saved_runs import SavedRun
from utils.scripts import train_command
from utils.training_utils import Batches, processes, progress, streams

CONFIGS = Path(__file__).parent / "configs"


class CONFIG(Config):
    """Hyperparameters of one network on one data set."""

    network: Literal["cifar_resnet", "plain"] = Field(
        description="with shortcuts, or the plain network of the same depth (section 4.2)"
    )
    depth: int = Field(ge=8, le=1202, description="6n + 2 layers: 20, 32, 44, 56, 110 (section 4.2)")
    width: Width = Field(16, le=1024, description="channels of the first stage (section 4.2)")
    option: Literal["A", "B"] = Field("A", description="shortcut where the shape changes (section 3.3; A in 4.2)")
    dataset: Literal["cifar-10", "digits"] = Field(description="what to train and test on")
    held_out: int = Field(
        5000, ge=0, le=1_000_000_000, description="training images kept apart (the paper's 45k/5k split, section 4.2)"
    )
    train_images: Examples | None = Field(None, description="train on the first so many; null takes all")
    image_size: int | None = Field(None, ge=4, le=4096, description="pool the images to this size; null keeps theirs")
    steps: Steps = Field(64_000, description="iterations (section 4.2)")
    batch_size: BatchSize = Field(128, ge=2, description="images per iteration (section 4.2, on two GPUs)")
    lr: Rate = Field(0.1, description="learning rate at the start (section 4.2)")
    lr_drops: tuple[Steps, ...] = Field((32_000, 48_000), description="iterations at which it is divided by 10")
    warmup_steps: int = Field(
        0, ge=0, le=100_000_000, description="iterations at warmup_lr first (about 400 for 110 layers)"
    )
    warmup_lr: Rate = Field(0.01, description="learning rate of the warm-up (section 4.2)")
    momentum: float = Field(0.9, ge=0, lt=1, description="of SGD (section 3.4)")
    weight_decay: Decay = Field(1e-4, description="on every parameter (section 3.4)")
    crop_padding: int = Field(
        4, ge=0, le=64, description="pixels of padding around a random crop; 0 crops not (section 4.2)"
    )
    flip: bool = Field(True, description="mirror half of the images (section 4.2)")
    eval_every: Steps = Field(400, description="steps between two lines of the log")
    device: Device = Field("auto", description="auto takes a GPU where there is one; paper level only, as all below")
    amp: bool = Field(False, description="bfloat16 where it is safe")
    channels_last: bool = Field(False, description="memory layout (B, H, W, C)")
    compiled: bool = Field(False, description="torch.compile")
    seed: Seed = Field(0, description="of initial weights, batch order and augmentation, each a stream of its own")

    @model_validator(mode="after")
    def _depth_and_drops(self) -> CONFIG:
        if (self.depth - 2) % 6:
            raise ValueError(f"depth must be 6n + 2, such as 20 or 56, got {self.depth}")
        if list(self.lr_drops) != sorted(set(self.lr_drops)):
            raise ValueError(f"lr_drops must rise, got {list(self.lr_drops)}")
        return self


# --8<-- [start:schedule]
def learning_rate(config: CONFIG, step: int) -> float:
    """The learning rate of a step, counted from 0."""
    if step < config.warmup_steps:
        return config.warmup_lr
    return config.lr * 0.1 ** sum(step >= drop for drop in config.lr_drops)


# --8<-- [end:schedule]


CHANNELS = {"cifar-10": 3, "digits": 1}


def model_sizes(config: CONFIG) -> dict[str, Any]:
    """What the network is built with, at every level."""
    option = config.option if config.network == "cifar_resnet" else "none"
    channels = CHANNELS[config.dataset]
    return {"depth": config.depth, "width": config.width, "in_channels": channels, "classes": 10, "option": option}


def error(trainer: Trainer, part: Batch, data: Images) -> float:
    """Share of wrong answers, in percent; one view of each image."""
    classes = predictions(trainer, part, rows=500, prepare=lambda chunk: prepare(chunk, data))
    return error_rate(classes, part["labels"])


def unseen_parts(data: Images) -> dict[str, Batch]:
    """What is not trained on; without the held-out images where there are none."""
    parts = {"test": data.test, "held_out": data.held_out}
    return {name: part for name, part in parts.items() if len(part["labels"])}


def start_options(config: CONFIG, level: str) -> dict[str, Any]:
    """What the level's `start` gets: the optimizer's options, and the paper level's switches."""
    options: dict[str, Any] = {"lr": config.lr, "momentum": config.momentum, "weight_decay": config.weight_decay}
    if level == "paper":
        options |= {name: getattr(config, name) for name in ("device", "amp", "channels_last", "compiled")}
    return options


# --8<-- [start:training_loop]
def main(config: CONFIG, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the final errors in percent. The folder gets log, checkpoints and results."""
    rng = streams(config.seed, "init", "data", "noise")
    identity = {"chapter": "05", "ladder": config.network, "level": level, "config": config.model_dump(mode="json")}
    data = load_images(
        config.dataset, held_out=config.held_out, train_images=config.train_images, size=config.image_size
    )
    parts = unseen_parts(data)
    sample = {name: array[:1000] for name, array in data.train.items()}
    if config.batch_size > len(data.train["labels"]):
        raise ConfigError(
            f"batch_size = {config.batch_size} is more than the {len(data.train['labels'])} training images"
        )
    batches = Batches(data.train, config.batch_size, rng["data"], drop_last=True)
    ladder, sizes = load_ladders("05")[config.network], model_sizes(config)
    start = as_float32(ladder.level("paper", **sizes).fresh(rng["init"]))  # every level starts from the same
    options, together = start_options(config, level), processes()
    if together.world_size > 1:
        if level != "paper":
            raise ValueError(f"several processes train the paper level together, not the {level} level")
        options["device"] = "cpu"  # each process moves its copy to a device of its own

    with Run(folder, identity, rng=rng, resume=resume, writes=together.is_main) as run:
        trainer = ladder.level(level, **sizes).start(run.weights(start), **options)
        run.restore(trainer, batches)
        steps = progress(iter(range(run.step, config.steps)), "training", total=config.steps - run.step)
        losses: list[float] = []
        while run.step < config.steps:
            for batch in batches:
                next(steps, None)
                batch = prepare(batch, data)
                if config.crop_padding or config.flip:
                    images = augment(batch["images"], rng["noise"], padding=config.crop_padding, flip=config.flip)
                    batch["images"] = images
                trainer.lr = learning_rate(config, run.step)
                losses.append(run.took_step(trainer.step(batch), lr=trainer.lr))
                if run.step % config.eval_every == 0 or run.step == config.steps:
                    errors = {f"{name}_error": error(trainer, part, data) for name, part in parts.items()}
                    errors["train_error"] = error(trainer, sample, data)  # of the first 1,000, not augmented
                    run.log(epoch=batches.epoch, loss=float(np.mean(losses)), lr=trainer.lr, **errors)
                    losses.clear()
                    run.checkpoint(trainer, batches)
                if run.step == config.steps:
                    break
        errors = {f"{name}_error": error(trainer, part, data) for name, part in parts.items()}
        return run.finish(train_error=error(trainer, data.train, data), **errors)


# --8<-- [end:training_loop]

SMALL = ("small_plain20", "small_plain56", "small_resnet20", "small_resnet56")
PAPER: dict[str, tuple[float | None, str]] = {
    "plain20": (None, "figure 6, left: a curve, no number"),
    "plain56": (None, "figure 6, left: a curve, no number"),
    "resnet20": (8.75, "Table 6, 10,000 test images"),
    "resnet32": (7.51, "Table 6, 10,000 test images"),
    "resnet44": (7.17, "Table 6, 10,000 test images"),
    "resnet56": (6.97, "Table 6, 10,000 test images"),
    "resnet110": (6.43, "Table 6, 10,000 test images, the best of five runs"),
}


def results_of(name: str) -> dict[str, Result]:
    """The three numbers of a configuration's runs. On the held-out images the paper's is to be reached."""
    value, where = PAPER.get(name, (None, "section 4.2 and figure 6 at full size"))
    runs: Result = {"config": name, "run": name, "paper_where": where}
    return {
        f"{name}_train": {**runs, "measured": "train_error", "metric": "training error"},
        f"{name}_held_out": {
            **runs,
            "measured": "held_out_error",
            "metric": "error on the held-out images",
            "paper_value": value,
            "target": None
            if value is None
            else Target(text=f"at most {value} %, on held-out training images", high=value),
        },
        f"{name}_test": {**runs, "measured": "test_error", "metric": "test error", "paper_value": value},
    }


RESULTS = {key: result for name in (*PAPER, *SMALL) for key, result in results_of(name).items()}


def facts(config: CONFIG, runs: Mapping[int, SavedRun]) -> dict[str, Any]:
    """The fields of a receipt that RESULTS does not have."""
    title = f"{'ResNet' if config.network == 'cifar_resnet' else 'Plain'}-{config.depth}"
    if config.image_size is not None:
        title += f", width {config.width}, images of {config.image_size} x {config.image_size}, {config.steps} steps"
    return {
        "title": title,
        "unit": "%",
        "dataset": both_sources(config.dataset),
        "notes": "held out: the last 5,000 training images; test: the first 1,000 of the 10,000 test images",
    }


def reproduce(
    folder: Path,
    *,
    seeds: Sequence[int] = (0,),
    only: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    replace: bool = False,
) -> list[Receipt]:
    """Train once a seed, and write the receipts. A run that was interrupted is continued.

    Without `only`: the paper's networks and schedule where there is a GPU, otherwise the degradation experiment at a size
    that one CPU core trains in minutes.
    """
    gpu = torch.cuda.is_available()
    if not gpu:
        torch.set_num_threads(1)  # sums then have one order
    wanted = only or [name for name, result in RESULTS.items() if result.get("run") in (PAPER if gpu else SMALL)]
    return reproduce_results(
        RESULTS,
        main,
        CONFIG,
        facts,
        folder,
        configs=CONFIGS,
        seeds=seeds,
        only=wanted,
        overrides=overrides,
        replace=replace,
    )


if __name__ == "__main__":
    print(train_command(main, CONFIG, CONFIGS, chapter="05", about=__doc__))
