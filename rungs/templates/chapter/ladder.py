"""The contract of chapter NN.

TODO(rungs new): the paper, and a ladder for each of its models; a `Deviation` for each place where we depart from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tanhscale_checks import init_check
from tanhscale_data import SCALES, TASK, error, load_task
from tanhscale_layers import LAYERS
from tanhscale_levels import WIDTH, LowTanhScale, NumpyTanhScale, PaperTanhScale, batch
from tanhscale_references import PReLU

from utils.ladder import Batch, Bench, Check, Climb, Ladder, Overfit
from utils.parity.planting import load_mistakes
from utils.scripts import tiny_run


def climb_batches(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    data = load_task("train")
    for _ in range(steps):
        rows = rng.integers(0, len(data["x"]), 20)
        yield {name: array[rows] for name, array in data.items()}


def bench_batch(rng: np.random.Generator) -> Batch:
    return {"x": rng.normal(size=(64, 256)), "target": rng.normal(size=(64, 256))}


LADDERS = {
    "tanhscale": Ladder(
        paper="TODO(rungs new): authors, title, year",
        sizes={"width": WIDTH},  # of the small model that is proved; real sizes come with training
        data=batch,
        modules={"numpy": "tanhscale_numpy", "pytorch_lowlevel": "tanhscale_lowlevel", "paper": "tanhscale_paper"},
        builders={"numpy": NumpyTanhScale, "pytorch_lowlevel": LowTanhScale, "paper": PaperTanhScale},
        reference_builders={"torch.nn.PReLU": PReLU},
        inputs=("x",),  # their gradients are compared too
        activations=("scale",),
        layers=LAYERS,
        checks=(Check("initialisation", init_check, proof="levels"),),
        mistakes=load_mistakes(Path(__file__).parent)["tanhscale"],
        scripts=(
            tiny_run("train_tanhscale", "tiny", "paper", "epochs=1"),
            tiny_run("train_tanhscale", "tiny", "numpy", "epochs=1"),
        ),
        overfit=Overfit(steps=300, loss=0.01, options={"lr": 2.0}),
        climb=Climb(
            dataset=TASK,
            batches=climb_batches,
            test=lambda: load_task("test"),
            metric="mean squared error",
            falls=True,
            score=error,
            sizes={"width": len(SCALES)},
            options={"lr": 0.5},
        ),
        bench=Bench(batch=bench_batch, sizes={"width": 256}, what="width 256, batch 64, SGD"),
        train_script="train_tanhscale",
    )
}
