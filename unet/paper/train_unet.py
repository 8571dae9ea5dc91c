"""Train a U-Net at any level, and reproduce the chapter's results.

rungs train unet --config cells               # synthetic cells, a minute on one CPU core
rungs train unet --config isbi                # the EM challenge at a quarter of the width: an hour of one core
rungs train unet --config paper               # the paper's size: meant for a GPU
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from segmentation_metrics import iou, pixel_error, rand_error, warping_error
from tiling import mean_over_symmetries, predict_padded, predict_tiles, tile_for
from unet_data import CELLS, Slice, draw_tile, load_slices, make_cells
from unet_paper import output_size

from utils.config import Config
from utils.ladder import Trainer, load_ladders
from utils.levels.arrays import as_float32
from utils.receipts import Receipt, Target
from utils.reproduction import Result, reproduce_results
from utils.runs import Run
from utils.saved_runs import SavedRun, read_run
from utils.scripts import train_command
from utils.training_utils import progress, streams

CONFIGS = Path(__file__).parent / "configs"


class CONFIG(Config):
    """Hyperparameters of one network on one data set."""

    dataset: Literal["isbi2012", "cells"] = Field(description="slices of the EM challenge, or synthetic touching cells")
    slices: int | None = Field(None, ge=1, le=10_000, description="train on the first so many; null takes all")
    depth: int = Field(4, ge=1, le=6, description="poolings (figure 1)")
    width: int = Field(64, ge=1, le=1024, description="channels of the first level (figure 1)")
    same: bool = Field(False, description="padded convolutions with batch normalisation, as most code has them")
    skips: bool = Field(True, description="without them zeros take the skips' place; paper level only")
    tile: int = Field(572, ge=1, le=4096, description="side of a training image (figure 1)")
    elastic: bool = Field(
        True, description="rotation by any angle and elastic deformation (section 3.1), or symmetries alone"
    )
    weight_map: bool = Field(True, description="the second term of equation 2")
    dropout: float = Field(
        0.5, ge=0, lt=1, description="at the end of the contracting path (section 3.1; the rate is ours)"
    )
    steps: int = Field(ge=1, le=10_000_000, description="tiles, one a step (section 3)")
    optimizer: Literal["sgd", "adam"] = Field("adam", description="the paper: SGD with momentum 0.99 (section 3)")
    lr: float = Field(
        gt=0, le=10, description="the largest learning rate; it falls along a cosine (the paper has none)"
    )
    warmup: int = Field(100, ge=0, le=1_000_000, description="steps in which it rises")
    eval_every: int = Field(1000, ge=1, description="steps between two lines of the log")
    start_from: str | None = Field(None, description="folder of a run whose weights to begin with")
    device: str = Field("auto", description="auto takes a GPU where there is one; paper level only, as is amp")
    amp: bool = Field(False, description="bfloat16 where it is safe")
    seed: int = Field(0, ge=0, description="of initial weights, tiles and dropout, each a stream of its own")

    @model_validator(mode="after")
    def _legal_tile(self) -> Self:
        output_size(self.tile, self.depth, same=self.same)
        return self


def learning_rate(config: CONFIG, step: int) -> float:
    """In a straight line up to `lr`, then along a cosine to 0."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    return config.lr * 0.5 * (1 + math.cos(math.pi * (step - config.warmup) / max(config.steps - config.warmup, 1)))


def model_sizes(config: CONFIG) -> dict[str, Any]:
    """What the network is built with; `skips` is known to the paper level alone."""
    sizes: dict[str, Any] = {"in_channels": 1, "classes": 2, "depth": config.depth, "width": config.width}
    return sizes if config.skips else sizes | {"skips": False}


def load_split(config: CONFIG, split: str) -> tuple[Slice, ...]:
    """The slices to train on, with the weights of the configuration, or those to test on."""
    if config.dataset == "isbi2012":
        return load_slices(split, count=config.slices if split == "train" else None, gaps=config.weight_map)
    return make_cells(split, count=(config.slices or 20) if split == "train" else 10, gaps=config.weight_map)


# ---- measuring ----


def probabilities(trainer: Trainer, image: np.ndarray, config: CONFIG) -> np.ndarray:
    """p(cell) of every pixel. image: (H, W). Returns: (H, W)"""

    def predict(part: np.ndarray) -> np.ndarray:
        logits = trainer.predict({"images": part[None, None]})["logits"][0]  # (2, h, w)
        return 1.0 / (1.0 + np.exp(logits[:1].astype(np.float64) - logits[1:]))  # the softmax of two classes: (1, h, w)

    if config.same:
        return predict_padded(predict, image, depth=config.depth)[0]
    return predict_tiles(predict, image, tile=tile_for(image.shape, config.depth), depth=config.depth)[0]


def errors(trainer: Trainer, data: Sequence[Slice], config: CONFIG, *, thorough: bool = False) -> dict[str, float]:
    """The pixel error of slices; thorough: also over the eight symmetries, with Rand and warping error of that mean."""

    def predict(image: np.ndarray) -> np.ndarray:
        return probabilities(trainer, image, config)[None]

    cells = np.stack([one.labels == 1 for one in data])
    found = {"pixel_error": pixel_error(np.stack([predict(one.image)[0] for one in data]), cells)}
    if thorough:
        p = np.stack([mean_over_symmetries(predict, one.image)[0] for one in data])
        found["pixel_error_8"] = pixel_error(p, cells)
        found["rand_error"] = float(np.mean([rand_error(*pair) for pair in zip(p, cells, strict=True)]))
        found["warping_error"] = float(np.mean([warping_error(*pair) for pair in zip(p, cells, strict=True)]))
        found["accuracy"] = 100.0 * float(np.mean((p > 0.5) == cells))
        found["iou"] = iou(p > 0.5, cells)
    return found


# --8<-- [start:training_loop]
def main(config: CONFIG, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the final errors. The folder gets log, checkpoints and results."""
    if level != "paper" and not config.skips:
        raise ValueError(f"only the paper level leaves out the skips, not the {level} level")
    rng = streams(config.seed, "init", "data", "noise")
    name = "unet_same" if config.same else "unet"
    identity = {"chapter": "unet", "ladder": name, "level": level, "config": config.model_dump(mode="json")}
    train, test = load_split(config, "train"), load_split(config, "test")
    ladder, sizes = load_ladders("unet")[name], model_sizes(config)
    start = as_float32(ladder.level("paper", **sizes).fresh(rng["init"]))  # every level starts from the same
    if config.start_from is not None:
        start = read_run(Path(config.start_from), CONFIG).params
    options: dict[str, Any] = {"kind": config.optimizer, "lr": config.lr}
    if level == "paper":
        options |= {"device": config.device, "amp": config.amp}

    with Run(folder, identity, rng=rng, resume=resume) as run:
        trainer = ladder.level(level, **sizes).start(run.weights(start), **options)
        run.restore(trainer)
        losses: list[float] = []
        for step in progress(range(run.step, config.steps), "training", total=config.steps - run.step):
            batch = draw_tile(
                rng["data"], train, config.tile, depth=config.depth, same=config.same, elastic=config.elastic
            )
            batch = ladder.noisy(rng["noise"], batch, **sizes, dropout=config.dropout)
            trainer.lr = learning_rate(config, step)
            losses.append(run.took_step(trainer.step(batch), lr=trainer.lr))
            if run.step % config.eval_every == 0 or run.step == config.steps:
                run.log(loss=float(np.mean(losses)), lr=trainer.lr, **errors(trainer, test, config))
                losses.clear()
                run.checkpoint(trainer)
        return run.finish(**errors(trainer, test, config, thorough=True))


# --8<-- [end:training_loop]


HELD_OUT = "the challenge's hidden test labels: Table 1; ours are five slices of its training set"
PIXEL_ERROR: Result = {
    "measured": "pixel_error_8",
    "metric": "pixel error over 8 symmetries",
    "paper_value": None,
    "paper_where": "the paper has no such run",
}
ABLATIONS = {
    "no_skips": ("without skips", ("skips=false",)),
    "no_weight_map": ("with class weights alone", ("weight_map=false",)),
    "no_elastic": ("with shifts and symmetries alone", ("elastic=false",)),
}
TRANSFER = {"cells_to_membranes": ("isbi2012", "membranes"), "membranes_to_cells": ("cells", "synthetic cells")}
SLICES = (1, 3, 10)


def transfer_results() -> dict[str, Result]:
    """A network on each of the two data sets; then few slices of the other one, from its weights and from nothing."""
    results: dict[str, Result] = {}
    for name, (dataset, what) in TRANSFER.items():
        other = "cells" if dataset == "isbi2012" else "isbi2012"
        source = f"{name}_source"
        results[source] = {"title": f"before {what}", "config": "transfer_source", "overrides": [f"dataset={other}"]}
        for count in SLICES:
            few: Result = {"config": "transfer", "overrides": [f"dataset={dataset}", f"slices={count}"]}
            results[f"{name}_{count}"] = few | {
                "title": f"{what}, {count} slices, after the other",
                "start_from": source,
            }
            results[f"{name}_{count}_alone"] = few | {"title": f"{what}, {count} slices, from nothing"}
    return results


RESULTS: dict[str, Result] = {
    "isbi": {
        "title": "U-Net of width 16, EM slices",
        "paper_value": 0.0611,
        "paper_where": HELD_OUT,
        "target": Target(text="at most 0.052", high=0.052),
    },
    "short": {"title": "the same, a third of the steps", "config": "isbi_short"},
    "cells": {"title": "U-Net of width 8, synthetic cells"},
    **{
        f"{prefix}{name}": {"title": f"{where}, {title}", "config": config, "overrides": changes}
        for prefix, where, config in (("", "EM slices", "isbi_short"), ("cells_", "synthetic cells", "cells"))
        for name, (title, changes) in ABLATIONS.items()
    },
    **transfer_results(),
}
RESULTS = {name: PIXEL_ERROR | result for name, result in RESULTS.items()}


def facts(config: CONFIG, runs: Mapping[int, SavedRun]) -> dict[str, Any]:
    """The fields of a receipt that RESULTS does not have."""
    kinds = ("pixel_error", "rand_error", "warping_error", "accuracy", "iou")
    told = "; ".join(
        f"seed {seed}: " + ", ".join(f"{k} {run.metrics[k]:.4g}" for k in kinds) for seed, run in runs.items()
    )
    dataset = (
        CELLS if config.dataset == "cells" else "ISBI 2012, 25 slices to train on and 5 held out (5, 11, 17, 23, 29)"
    )
    return {"dataset": dataset, "notes": told}


def reproduce(
    folder: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    only: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    replace: bool = False,
) -> list[Receipt]:
    """Train for each result once per seed, and write the receipts. A run that was interrupted is continued.

    Without `only`: both data sets, and what the parts of the recipe are worth; the transfers are asked for by name.
    """
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
        only=[name for name in RESULTS if name not in transfer_results()] if only is None else only,
        overrides=overrides,
        replace=replace,
    )


if __name__ == "__main__":
    print(train_command(main, CONFIG, CONFIGS, chapter="unet", about=__doc__))
