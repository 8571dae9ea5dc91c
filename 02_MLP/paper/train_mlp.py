"""Train a perceptron of this chapter at any level, and reproduce the chapter's results.

rungs train 02 --config mnist_300            # 28x28-300-10 as in 1998
python 02_MLP/paper/train_mlp.py --config tiny --level numpy
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, field_validator

from utils.classification import error_rate, predictions
from utils.config import BatchSize, Config, ConfigError, Decay, Passes, Rate, Seed, Width
from utils.data_loaders import Dataset, both_sources, load_dataset
from utils.ladder import Batch, Trainer, load_ladders
from utils.levels.arrays import as_float32
from utils.receipts import Receipt, Target, new_receipt, write_receipt
from utils.reproduction import Result, reproduce_results
from utils.runs import Run
from utils.saved_runs import SavedRun
from utils.scripts import train_command
from utils.training_utils import Batches, streams

CONFIGS = Path(__file__).parent / "configs"


class CONFIG(Config):
    """Hyperparameters of one network on one data set."""

    network: Literal["mlp1998", "mlp"] = Field(
        description="mlp1998: scaled tanh, +-1 targets, squared error, SGD (LeCun et al. 1998, Appendix A); "
        "mlp: ReLU, He's initialisation, dropout, cross-entropy, AdamW"
    )
    hidden: tuple[Width, ...] = Field(
        min_length=1,
        max_length=1000,
        description="widths of the hidden layers (LeCun et al. 1998, sections III-C.5, III-C.6, figure 9)",
    )
    dataset: Literal["mnist", "fashion-mnist", "digits"] = Field(description="what to train and test on")
    epochs: Passes = Field(description="passes over the training set (20 in section III-B)")
    batch_size: BatchSize = Field(10, description="examples per step (the paper: one; see the deviations)")
    lr: tuple[tuple[Passes, Rate], ...] = Field(
        min_length=1, description="(epoch, learning rate from that epoch on); the first epoch is 1 (schedule of III-B)"
    )
    weight_decay: Decay = Field(0.0, description="decoupled weight decay of AdamW (Loshchilov, Hutter 2019)")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of hidden units dropped (Srivastava et al. 2014)")
    held_out: int = Field(
        0,
        ge=0,
        le=1_000_000_000,
        description="the last so many training images are kept back and take the test set's place, to choose rates",
    )
    seed: Seed = Field(0, description="of initial weights, batch order and dropout masks, each a stream of its own")

    @field_validator("lr")
    @classmethod
    def _from_the_first_epoch(cls, lr: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
        epochs = [epoch for epoch, _ in lr]
        if epochs[0] != 1 or epochs != sorted(set(epochs)):
            raise ValueError("expected pairs of a rising epoch, the first 1, and a learning rate above 0")
        return lr


def prepare(data: Dataset) -> Batch:
    """Pixels from [0, largest] to [-0.1, 1.175], so that their mean is near 0 and their variance near 1 (section II-B).

    Returns: images (N, D) float32, labels (N,)
    """
    images = data.arrays["images"].reshape(len(data), -1).astype(np.float32)
    largest = 16.0 if data.name == "digits" else 255.0
    return {"images": images * np.float32(1.275 / largest) - np.float32(0.1), "labels": data.arrays["labels"]}


def load_split(config: CONFIG) -> tuple[Batch, Batch, str]:
    """What to train on, what to measure on, and the name of that measure.

    Raises:
        ConfigError: nothing is left to train on.
    """
    train = prepare(load_dataset(config.dataset, "train"))
    if config.held_out == 0:
        return train, prepare(load_dataset(config.dataset, "test")), "test_error"
    kept = len(train["labels"]) - config.held_out
    if kept <= 0:
        raise ConfigError(
            f"held_out = {config.held_out} leaves nothing of {config.dataset}'s {kept + config.held_out} training images"
        )
    return take(train, slice(kept)), take(train, slice(kept, None)), "held_out_error"


def take(data: Batch, part: slice) -> Batch:
    """Those rows of every array."""
    return {name: values[part] for name, values in data.items()}


def model_sizes(config: CONFIG) -> dict[str, Any]:
    """The widths from the pixels of the data set to the ten classes, as the ladder's levels take them."""
    return {"sizes": (64 if config.dataset == "digits" else 784, *config.hidden, 10)}


def learning_rate(config: CONFIG, epoch: int) -> float:
    """The learning rate of an epoch, counted from 1."""
    return [rate for first, rate in config.lr if first <= epoch][-1]


def error(trainer: Trainer, data: Batch) -> float:
    """Share of wrong answers, in percent."""
    return error_rate(predictions(trainer, data), data["labels"])


# --8<-- [start:training_loop]
def main(config: CONFIG, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
    """Train, and return the final errors in percent. The folder gets log, checkpoints and results."""
    rng = streams(config.seed, "init", "data", "noise")
    identity = {"chapter": "02", "ladder": config.network, "level": level, "config": config.model_dump(mode="json")}
    train, test, measure = load_split(config)
    ladder, sizes = load_ladders("02")[config.network], model_sizes(config)
    batches = Batches(train, config.batch_size, rng["data"])
    start = as_float32(ladder.level("paper", **sizes).fresh(rng["init"]))  # every level starts from the same
    options = {"weight_decay": config.weight_decay} if config.network == "mlp" else {}

    with Run(folder, identity, rng=rng, resume=resume) as run:
        trainer = ladder.level(level, **sizes).start(run.weights(start), lr=learning_rate(config, 1), **options)
        run.restore(trainer, batches)
        while batches.epoch < config.epochs:
            trainer.lr = learning_rate(config, batches.epoch + 1)
            losses = []
            for batch in batches:
                losses.append(trainer.step(ladder.noisy(rng["noise"], batch, **sizes, dropout=config.dropout)))
                run.took_step(losses[-1], lr=trainer.lr)
                run.checkpoint(trainer, batches, every=60)
            run.log(epoch=batches.epoch, loss=float(np.mean(losses)), lr=trainer.lr, **{measure: error(trainer, test)})
            run.checkpoint(trainer, batches)
        return run.finish(**{measure: error(trainer, test)}, train_error=error(trainer, train))


# --8<-- [end:training_loop]


RESULTS: dict[str, Result] = {
    "mnist_300": {
        "title": "28x28-300-10 as in 1998",
        "paper_value": 4.7,
        "paper_where": "LeCun et al. 1998, figure 9",
        "target": Target(text="4.7 +- 0.3 %", low=4.4, high=5.0),
        "notes": "first learning rate chosen with held_out=10000, seed 0: held-out error 4.98 % with 0.01, 4.67 % with 0.04",
    },
    "mnist_300_100": {
        "title": "28x28-300-100-10 as in 1998",
        "paper_value": 3.05,
        "paper_where": "LeCun et al. 1998, figure 9",
        "target": Target(text="at most 3.05 %", high=3.05),
        "notes": "first learning rate chosen with held_out=10000, seed 0: held-out error 2.90 % with 0.04, 3.09 % with 0.08",
    },
    "mnist_modern": {
        "title": "28x28-300-100-10 with ReLU, He's initialisation, dropout, AdamW",
        "paper_value": 3.05,
        "paper_where": "LeCun et al. 1998, figure 9: the same widths, pixels and training set with the means of 1998",
        "target": Target(text="1.5 +- 0.2 %", low=1.3, high=1.7),
    },
}


def facts(config: CONFIG, runs: Mapping[int, SavedRun]) -> dict[str, Any]:
    """The fields of a receipt that RESULTS does not have."""
    fitted = ", ".join(f"{seed}: {run.metrics['train_error']:.2f} %" for seed, run in runs.items())
    return {
        "metric": "test error",
        "unit": "%",
        "dataset": both_sources(config.dataset),
        "notes": f"training error by seed: {fitted}",
    }


def reproduce(
    folder: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    only: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    replace: bool = False,
) -> list[Receipt]:
    """Train each network of the papers once a seed, and write the receipts. A run that was interrupted is continued."""
    torch.set_num_threads(1)  # products this small do not gain from more, and sums then have one order
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
    if not overrides and (not only or "symmetry" in only or "symmetry_sweeps" in only):
        symmetry = reproduce_symmetry()
        for receipt in symmetry:
            write_receipt(receipt)
        receipts += symmetry
    return receipts


def reproduce_symmetry(seeds: range = range(20), most: int = 20_000) -> list[Receipt]:
    """The 6-2-1 network of Rumelhart, Hinton, Williams 1986, at the NumPy level, from 20 initial weights."""
    import time

    import symmetry_numpy

    sweeps, found, ratios, times = {}, {}, {}, {}
    for seed in seeds:
        begin = time.perf_counter()
        net, solved, _ = symmetry_numpy.train_symmetry(np.random.default_rng(seed), most=most)
        times[seed] = round(time.perf_counter() - begin, 2)
        sizes, departure = symmetry_numpy.mirror_pattern(net)
        sweeps[seed] = float(most if solved is None else solved)
        doubling = solved is not None and departure < 0.01 and bool(np.allclose(sizes, [1.0, 2.0, 4.0], rtol=0.05))
        found[seed] = 100.0 * doubling
        ratios[seed] = " : ".join(f"{size:.2f}" for size in sizes)
    same: dict[str, Any] = {
        "chapter": "02",
        "ladder": "mlp1998",
        "level": "numpy",
        "dataset": "all 64 strings of six bits",
        "steps": int(max(sweeps.values())),
        "wall_time_s": times,
        "config": {
            "eps": symmetry_numpy.EPS,
            "alpha": symmetry_numpy.ALPHA,
            "spread": symmetry_numpy.SPREAD,
            "most": most,
        },
    }
    paper = "Rumelhart, Hinton, Williams 1986, figure 1"
    solved = sum(value < most for value in sweeps.values())
    return [
        new_receipt(
            name="symmetry",
            title="6-2-1 symmetry network",
            metric="solved within 20,000 sweeps with weights in the ratio 1 : 2 : 4",
            unit="% of initial weights",
            values=found,
            paper_value=None,
            paper_where=f"{paper}: one network, with weights 3.6, 7.2, 14.2",
            target=Target(text="at least 15 of 20", low=75.0),
            notes=f"solved: {solved} of {len(seeds)}; ratios of the mirror pairs by seed: {ratios}",
            **same,
        ),
        new_receipt(
            name="symmetry_sweeps",
            title="6-2-1 symmetry network",
            metric="sweeps until every output is within 0.2 of its target",
            values=sweeps,
            paper_value=1425.0,
            paper_where=f"{paper}: one run",
            target=None,
            notes=f"median {np.median(list(sweeps.values())):.0f}; an unsolved run counts as {most}",
            **same,
        ),
    ]


if __name__ == "__main__":
    print(train_command(main, CONFIG, CONFIGS, chapter="02", about=__doc__))
