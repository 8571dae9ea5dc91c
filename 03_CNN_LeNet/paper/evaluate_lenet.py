"""Errors of a trained LeNet: `python evaluate_lenet.py runs/train/03-lenet5-paper` after training there."""

from __future__ import annotations

from pathlib import Path

from lenet_data import to_input
from train_lenet import CONFIG, model_sizes

from utils.classification import error_rate, predictions
from utils.data_loaders import load_dataset
from utils.saved_runs import read_run
from utils.scripts import folder_argument, sentences


def main(folder: Path) -> dict[str, float]:
    """Test error, and the test error of each class, in percent."""
    run = read_run(folder, CONFIG)
    data = to_input(load_dataset(run.config.dataset, "test"))
    answers, labels = predictions(run.trainer(model_sizes(run.config)), data), data["labels"]
    return {"test_error": error_rate(answers, labels)} | {
        f"test_error_of_{digit}": error_rate(answers[labels == digit], labels[labels == digit]) for digit in range(10)
    }


if __name__ == "__main__":
    with sentences():
        for metric, value in main(folder_argument(__doc__)).items():
            print(f"{metric:<24} {value:.2f} %")
