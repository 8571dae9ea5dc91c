"""Train a residual or plain network on CIFAR-10 at any level, and reproduce the chapter's results.

rungs train 05 --config small_resnet20                    # minutes on one CPU core
rungs train 05 --config resnet20                          # the paper's schedule: meant for a GPU
accelerate launch 05_ResNet/paper/train_resnet.py --config resnet20 --out runs/resnet20      # several devices
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import resnet_paper
import torch
from pydantic import Field, model_validator
from resnet_data import Images, augment, load_images, prepare

from utils.config import Config, load_config
from utils.ladder import Batch, Params, Trainer, load_ladders
from utils.receipts import Receipt, Target, new_receipt, write_receipt
from utils.runs import Run
from utils.training_utils import Batches, in_chunks, processes, progress, streams, torch_generator

CONFIGS = Path(__file__).parent / "configs"


class CONFIG(Config):
    """Hyperparameters of one network on one data set."""

    network: Literal["cifar_resnet", "plain"] = Field(
        description="with shortcuts, or the plain network of the same depth (section 4.2)"
    )
    depth: int = Field(ge=8, description="6n + 2 layers: 20, 32, 44, 56, 110 (section 4.2)")
    width: int = Field(16, ge=1, description="channels of the first stage (section 4.2)")
    option: Literal["A", "B"] = Field("A", description="shortcut where the shape changes (section 3.3; A in 4.2)")
    dataset: Literal["cifar-10", "digits"] = Field(description="what to train and test on")
    held_out: int = Field(5000, ge=0, description="training images kept apart (the paper's 45k/5k split, section 4.2)")
    train_images: int | None = Field(None, ge=1, description="train on the first so many; null takes all")
    image_size: int | None = Field(None, ge=4, description="pool the images to this size; null keeps theirs")
    steps: int = Field(64_000, ge=1, description="iterations (section 4.2)")
    batch_size: int = Field(128, ge=2, description="images per iteration (section 4.2, on two GPUs)")
    lr: float = Field(0.1, gt=0, description="learning rate at the start (section 4.2)")
    lr_drops: tuple[int, ...] = Field((32_000, 48_000), description="iterations at which it is divided by 10")
    warmup_steps: int = Field(0, ge=0, description="iterations at warmup_lr first (about 400 for 110 layers)")
    warmup_lr: float = Field(0.01, gt=0, description="learning rate of the warm-up (section 4.2)")
    momentum: float = Field(0.9, ge=0, lt=1, description="of SGD (section 3.4)")
    weight_decay: float = Field(1e-4, ge=0, description="on every parameter (section 3.4)")
    crop_padding: int = Field(4, ge=0, description="pixels of padding around a random crop; 0 crops not (section 4.2)")
    flip: bool = Field(True, description="mirror half of the images (section 4.2)")
    eval_every: int = Field(400, ge=1, description="steps between two lines of the log")
    device: str = Field("auto", description="auto takes a GPU where there is one; paper level only, as all below")
    amp: bool = Field(False, description="bfloat16 where it is safe")
    channels_last: bool = Field(False, description="memory layout (B, H, W, C)")
    compiled: bool = Field(False, description="torch.compile")
    seed: int = Field(0, ge=0, description="of initial weights, batch order and augmentation, each a stream of its own")

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


def initial_params(config: CONFIG, generator: torch.Generator) -> Params:
    """Drawn at the paper level, float32; every level starts from the same."""
    with torch.random.fork_rng(devices=[]):
        model = resnet_paper.CifarResNet(**model_sizes(config))
    resnet_paper.init_resnet(model, generator)
    return {name: p.numpy().copy() for name, p in model.state_dict().items()}


def error(trainer: Trainer, part: Batch, data: Images) -> float:
    """Share of wrong answers, in percent; one view of each image."""
    wrong = 0
    for chunk in in_chunks(part, 500):
        logits = trainer.predict(prepare(chunk, data))["logits"]
        wrong += int((logits.argmax(axis=1) != chunk["labels"]).sum())
    return 100.0 * wrong / len(part["labels"])


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
    batches = Batches(data.train, config.batch_size, rng["data"], drop_last=True)
    start = initial_params(config, torch_generator(rng["init"]))
    options, together = start_options(config, level), processes()
    if together.world_size > 1:
        if level != "paper":
            raise ValueError(f"several processes train the paper level together, not the {level} level")
        options["device"] = "cpu"  # each process moves its copy to a device of its own

    with Run(folder, identity, rng=rng, resume=resume, writes=together.is_main) as run:
        implementation = load_ladders("05")[config.network].level(level, **model_sizes(config))
        trainer = implementation.start(run.params or start, **options)
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

FULL = ("plain20", "plain56", "resnet20", "resnet56")
SMALL = ("small_plain20", "small_plain56", "small_resnet20", "small_resnet56")
PAPER: dict[str, tuple[float | None, str, Target | None]] = {
    "resnet20": (8.75, "Table 6, 10,000 test images", Target(text="at most 8.75 %", high=8.75)),
    "resnet56": (6.97, "Table 6, 10,000 test images", Target(text="at most 6.97 %", high=6.97)),
    "plain20": (None, "figure 6, left: a curve, no number", None),
    "plain56": (None, "figure 6, left: a curve, no number", None),
}
WHAT = {"held_out_error": "error on the held-out images", "test_error": "test error", "train_error": "training error"}


def reproduce(folder: Path, *, seeds: tuple[int, ...] = (0,), only: list[str] | None = None) -> list[Receipt]:
    """Train once a seed, and write the receipts. A run that was interrupted is continued.

    Without `only`: the paper's networks and schedule where there is a GPU, otherwise the degradation experiment at a size
    that one CPU core trains in minutes.
    """
    names = only or (FULL if torch.cuda.is_available() else SMALL)
    receipts = [receipt for name in names for receipt in _reproduce(name, Path(folder), seeds)]
    for receipt in receipts:
        write_receipt(receipt)
    return receipts


def _reproduce(name: str, folder: Path, seeds: tuple[int, ...]) -> list[Receipt]:
    if not torch.cuda.is_available():
        torch.set_num_threads(1)  # sums then have one order
    config = load_config(name, CONFIG, folder=CONFIGS)
    found: dict[int, dict[str, Any]] = {}
    for seed in seeds:
        place = folder / f"{name}-{seed}"
        if not (place / "results.json").exists():
            main(config.model_copy(update={"seed": seed}), place, resume=(place / "run.json").exists())
        found[seed] = json.loads((place / "results.json").read_text(encoding="utf-8"))
    small = name not in PAPER
    value, where, target = PAPER.get(name, (None, "section 4.2 and figure 6 at full size", None))
    source = load_images(config.dataset, held_out=config.held_out).source
    title = f"{'ResNet' if config.network == 'cifar_resnet' else 'Plain'}-{config.depth}"
    if small:
        title += f", width {config.width}, images of {config.image_size} x {config.image_size}, {config.steps} steps"
    metrics = ("train_error", "held_out_error", "test_error")
    return [
        new_receipt(
            name=f"{name}_{metric.removesuffix('_error')}",
            chapter="05",
            ladder=config.network,
            level="paper",
            title=title,
            metric=WHAT[metric],
            unit="%",
            values={seed: results["metrics"][metric] for seed, results in found.items()},
            paper_value=value if metric != "train_error" else None,
            paper_where=where,
            target=target if metric == "held_out_error" else None,
            dataset=source,
            steps=config.steps,
            wall_time_s={seed: results["wall_time_s"] for seed, results in found.items()},
            config=config.model_dump(mode="json", exclude={"seed"}),
            notes="held out: the last 5,000 training images; test: the first 1,000 of the 10,000 test images",
        )
        for metric in metrics
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="tiny", help="a name in configs/, or a path")
    parser.add_argument("--level", default="paper", choices=["numpy", "pytorch_lowlevel", "paper"])
    parser.add_argument("--out", type=Path, default=None, help="folder for log and checkpoints")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    settings = load_config(given.config, CONFIG, given.set, folder=CONFIGS)
    out = given.out or Path("runs") / "train" / f"05-{Path(given.config).stem}-{given.level}"
    print(main(settings, out, level=given.level, resume=given.resume))
