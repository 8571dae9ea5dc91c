"""Evaluate a trained model: `python unet/paper/evaluate_unet.py runs/train/unet-tiny-paper`.

TODO(rungs new): the measure of the paper, and what else tells whether the model does what it should.
"""

from __future__ import annotations

from pathlib import Path

from train_unet import CONFIG, SIZES
from unet_data import error, load_task

from utils.saved_runs import read_run
from utils.scripts import folder_argument


def evaluate(folder: Path) -> dict[str, float]:
    """Read the run in `folder`, and predict its test split. Returns: test_error, the mean squared error"""
    return {"test_error": error(read_run(folder, CONFIG).trainer(SIZES), load_task("test"))}


if __name__ == "__main__":
    print(f"test error {evaluate(folder_argument(__doc__))['test_error']:.3g}")
