"""Adapters that turn the plain code of a level into a `Level`: one each for NumPy, leaf tensors and `nn.Module`."""

from utils.levels.numpy_level import NumpyLevel
from utils.levels.torch_levels import LowLevel, ModuleLevel

__all__ = ["LowLevel", "ModuleLevel", "NumpyLevel"]
