"""Figures made of images, for dark pages: the panel and its writing are turned round, the images stay as they are."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor
from scipy import ndimage

from utils.figures.saving import KIND, PHOTOGRAPH
from utils.figures.style import INK, PANEL

DARK = ".dark.png"
SMALLEST = 900  # pixels of an image; a letter of a title has a third of it


def is_photograph(file: Path) -> bool:
    """Whether a figure is made of images, as `utils.figures.saving` noted in it."""
    if file.suffix != ".png":
        return False
    with Image.open(file) as image:
        return image.info.get(KIND) == PHOTOGRAPH


def on_dark(file: Path) -> bytes:
    """The figure as a PNG without its panel, the writing light."""
    with Image.open(file) as opened:
        image = np.asarray(opened.convert("RGB"))  # (H, W, 3)
    inside = _images(image)
    panel, ink = (sum(ImageColor.getrgb(colour)) for colour in (PANEL, INK))
    darkness = np.clip((panel - image.sum(axis=2, dtype=int)) / (panel - ink), 0, 1)  # (H, W): 1 where it is written
    light = np.full_like(image, 255 - np.array(ImageColor.getrgb(INK)).min())
    colour = np.where(inside[..., np.newaxis], image, light)
    alpha = np.where(inside, 255, np.round(255 * darkness)).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(np.dstack([colour, alpha])).save(data, format="PNG")
    return data.getvalue()


def _images(image: np.ndarray) -> np.ndarray:
    """Where the images are, (H, W): what lies on the panel and is larger than a letter, with all that it encloses."""
    drawn = (np.abs(image.astype(int) - ImageColor.getrgb(PANEL)) > 8).any(axis=2)
    parts = np.zeros(drawn.shape, np.int32)
    ndimage.label(ndimage.binary_fill_holes(drawn), output=parts)
    sizes = np.bincount(parts.ravel())
    return (parts > 0) & (sizes >= SMALLEST)[parts]
