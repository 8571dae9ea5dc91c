"""Evaluate a trained perceptron: `python 02_MLP/paper/evaluate_mlp.py runs/train/02-tiny-paper`.

Prints the errors on the test set and the most frequent confusions, and writes the confusion matrix as a figure.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from train_mlp import CONFIG, prepare

from utils.data_loaders import load_dataset
from utils.figures.saving import save
from utils.figures.tables import confusion_matrix
from utils.ladder import load_ladders
from utils.runs import saved_params
from utils.training_utils import in_chunks


def evaluate(folder: Path) -> dict[str, Any]:
    """Read the run in `folder`, and predict its test set.

    Returns: test_error in percent, labels (N,), predictions (N,), class_names, and the most frequent confusions as
        (count, right, predicted).
    """
    identity = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    config = CONFIG.model_validate(identity["config"])
    data = load_dataset(config.dataset, "test")
    test = prepare(data)
    trainer = load_ladders("02")[identity["ladder"]].levels[identity["level"]].start(saved_params(folder, identity))
    outputs = [next(iter(trainer.predict(chunk).values())) for chunk in in_chunks(test, 1000)]
    predictions, labels = np.concatenate(outputs).argmax(axis=1), test["labels"]
    wrong = predictions != labels
    pairs, counts = np.unique(np.stack([labels[wrong], predictions[wrong]]), axis=1, return_counts=True)
    confusions = sorted(zip(counts.tolist(), *pairs.tolist(), strict=True), reverse=True)
    return {
        "test_error": 100.0 * float(wrong.mean()),
        "labels": labels,
        "predictions": predictions,
        "class_names": data.class_names,
        "confusions": confusions,
    }


def main(folder: Path) -> dict[str, Any]:
    result = evaluate(folder)
    names = result["class_names"]
    print(f"test error {result['test_error']:.2f} %")
    for count, right, predicted in result["confusions"][:5]:
        print(f"  {count} times {names[right]} was taken for {names[predicted]}")
    figure = confusion_matrix(result["labels"], result["predictions"], names)
    print(save(figure, folder / "confusion_matrix.svg"))
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of a run")
    main(parser.parse_args().folder)
