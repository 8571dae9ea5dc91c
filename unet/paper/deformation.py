"""Elastic deformation and the other changes that make one training image many (section 3.1)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates

Array = np.ndarray


# --8<-- [start:field]
@lru_cache(maxsize=32)
def cubic_weights(size: int, points: int) -> Array:
    """Row i: how much each of `points` equally spaced values counts at pixel i of `size`, by cubic splines. (size, points)"""
    return CubicSpline(np.linspace(0.0, 1.0, points), np.eye(points))(np.linspace(0.0, 1.0, size))


def displacements(rng: np.random.Generator, height: int, width: int, *, sigma: float = 10.0, points: int = 3) -> Array:
    """How far every pixel is moved, down and right: N(0, sigma^2) on a coarse grid, interpolated bicubically.

    Returns: (2, height, width) in pixels

    Raises:
        ValueError: fewer than two points, or a negative sigma.
    """
    if points < 2 or sigma < 0:
        raise ValueError(
            f"displacements need at least 2 points a side and sigma of at least 0, got {points} and {sigma}"
        )
    # eq: displacement-field
    coarse = sigma * rng.standard_normal((2, points, points))
    # eq: displacement-field
    return cubic_weights(height, points) @ coarse @ cubic_weights(width, points).T


# --8<-- [end:field]


# --8<-- [start:sample]
def sample(image: Array, where: Array, *, nearest: bool = False) -> Array:
    """The image at any coordinates, mirrored beyond its borders.

    Args:
        image: (H, W).
        where: (2, h, w), row and column.
        nearest: take the nearest pixel, as labels need it: the mean of class 0 and class 2 is not class 1.

    Returns: (h, w)
    """
    return map_coordinates(image, where, order=0 if nearest else 1, mode="mirror")


def deformed_grid(
    rng: np.random.Generator, shape: tuple[int, int], side: int, *, sigma: float = 10.0, points: int = 3
) -> Array:
    """Where a square tile looks in an image: shifted, rotated by any angle, mirrored or not, and deformed.

    Returns: (2, side, side), row and column for `sample`
    """
    middle = (side - 1) / 2.0
    rows, columns = np.mgrid[:side, :side] - middle
    moved = displacements(rng, side, side, sigma=sigma, points=points)
    rows, columns = rows + moved[0], (columns + moved[1]) * rng.choice((-1.0, 1.0))
    angle = rng.uniform(0.0, 2.0 * np.pi)
    sin, cos = np.sin(angle), np.cos(angle)
    centre = rng.uniform(0.0, 1.0, 2) * np.array(shape)
    return np.stack([centre[0] + cos * rows - sin * columns, centre[1] + sin * rows + cos * columns])


# --8<-- [end:sample]


def straight_grid(rng: np.random.Generator, shape: tuple[int, int], side: int) -> Array:
    """The same without deformation, for comparison: a shifted tile, one of its eight symmetries."""
    top, left = (rng.integers(-(side // 2), n - side // 2) for n in shape)
    grid = np.mgrid[top : top + side, left : left + side].astype(float)
    grid = np.rot90(grid, int(rng.integers(4)), axes=(1, 2))
    return np.ascontiguousarray(grid[:, :, ::-1] if rng.integers(2) else grid)


def change_grey(rng: np.random.Generator, image: Array, *, contrast: float = 0.2, brightness: float = 0.1) -> Array:
    """Grey values stretched about their mean and shifted."""
    mean = image.mean()
    return mean + (image - mean) * rng.uniform(1 - contrast, 1 + contrast) + rng.uniform(-brightness, brightness)
