"""Images as LeNet-5 wants them: 32 x 32 pixels, background -0.1 and ink 1.175 (section II-B)."""

from __future__ import annotations

import numpy as np

from utils.data_loaders import Dataset
from utils.ladder import Batch

SIZE = 32
BACKGROUND, INK = -0.1, 1.175


def to_input(data: Dataset) -> Batch:
    """Grey levels scaled to [-0.1, 1.175] and padded with background to 32 x 32.

    The paper puts the 28 x 28 digit in the middle, so that its strokes' ends can lie in the middle of a window of the
    highest layer. The 8 x 8 digits of scikit-learn are enlarged three times first: every pixel becomes 3 x 3.

    Returns: images (N, 1, 32, 32) float32, labels (N,)
    """
    images = data.arrays["images"]
    if images.ndim != 3 or images.shape[1] != images.shape[2] or images.shape[1] > SIZE:
        raise ValueError(f"LeNet-5 expected square grey images (N, H, H) of at most {SIZE} pixels, got {images.shape}")
    brightest = 16 if data.name == "digits" else 255
    images = images.repeat(3, axis=1).repeat(3, axis=2) if images.shape[1] == 8 else images  # (N, 24, 24)
    margin = SIZE - images.shape[1]
    before, after = margin // 2, margin - margin // 2
    images = np.pad(images, ((0, 0), (before, after), (before, after)))  # (N, 32, 32)
    scaled = images.astype(np.float32) * np.float32((INK - BACKGROUND) / brightest) + np.float32(BACKGROUND)
    return {"images": scaled[:, None], "labels": data.arrays["labels"]}
