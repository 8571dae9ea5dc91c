"""Evaluate a trained perceptron: `python 02_MLP/paper/evaluate_mlp.py runs/train/02-tiny-paper`.

Prints the errors on the test set and the most frequent confusions, and writes the confusion matrix as a figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from train_mlp import CONFIG, model_sizes, prepare

from utils.classification import error_rate, predictions
from utils.data_loaders import load_dataset
from utils.figures.saving import save
from utils.figures.tables import confusion_matrix
from utils.saved_runs import read_run
from utils.scripts import folder_argument, sentences


def evaluate(folder: Path) -> dict[str, Any]:
    """Read the run in `folder`, and predict its test set.

    Returns: test_error in percent, labels (N,), predictions (N,), class_names, and the most frequent confusions as
        (count, right, predicted).
    """
    run = read_run(folder, CONFIG)
    data = load_dataset(run.config.dataset, "test")
    test = prepare(data)
    predicted, labels = predictions(run.trainer(model_sizes(run.config)), test), test["labels"]
    wrong = predicted != labels
    pairs, counts = np.unique(np.stack([labels[wrong], predicted[wrong]]), axis=1, return_counts=True)
    confusions = sorted(zip(counts.tolist(), *pairs.tolist(), strict=True), reverse=True)
    return {
        "test_error": error_rate(predicted, labels),
        "labels": labels,
        "predictions": predicted,
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
    with sentences():
        main(folder_argument(__doc__))
