"""Errors of a trained LeNet: `python evaluate_lenet.py runs/train/03-lenet5-paper` after training there."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from lenet_numpy import FULL_TABLE

from utils.ladder import Batch, Trainer
from utils.training_utils import in_chunks


def answers(trainer: Trainer, data: Batch) -> np.ndarray:
    """The class of every image: the nearest code, or the largest logit. Returns: (N,)"""
    found = []
    for chunk in in_chunks(data, 1000):
        outputs = trainer.predict(chunk)
        found.append(outputs["distances"].argmin(1) if "distances" in outputs else outputs["logits"].argmax(1))
    return np.concatenate(found)


def error_rate(trainer: Trainer, data: Batch) -> float:
    """Share of wrong answers, in percent."""
    return 100.0 * float((answers(trainer, data) != data["labels"]).mean())


def model_sizes(table: str) -> dict[str, Any]:
    """What a level is built with, besides the defaults, for a `table` of the configuration."""
    return {"table": FULL_TABLE} if table == "full" else {}


def trained(folder: Path) -> tuple[dict, Trainer]:
    """What a run trained, and its weights at the level that it used."""
    from utils.ladder import load_ladders
    from utils.runs import saved_params

    identity = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    ladder, sizes = load_ladders("03")[identity["ladder"]], model_sizes(identity["config"]["table"])
    level = ladder.level(identity["level"], **sizes)
    return identity, level.start(saved_params(folder, identity))


def main(folder: Path) -> dict[str, float]:
    """Test error, and the test error of each class, in percent."""
    from lenet_data import to_input

    from utils.data_loaders import load_dataset

    identity, trainer = trained(folder)
    data = to_input(load_dataset(identity["config"]["dataset"], "test"))
    wrong = answers(trainer, data) != data["labels"]
    return {"test_error": 100.0 * float(wrong.mean())} | {
        f"test_error_of_{digit}": 100.0 * float(wrong[data["labels"] == digit].mean()) for digit in range(10)
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for metric, value in main(parser.parse_args().folder).items():
        print(f"{metric:<24} {value:.2f} %")
