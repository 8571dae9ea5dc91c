"""Adapters that turn the plain code of a level into a `Level`: one each for NumPy, leaf tensors and `nn.Module`."""

from utils.levels.low_level import LowLevel
from utils.levels.module_level import ModuleLevel
from utils.levels.numpy_level import NumpyLevel

__all__ = ["LowLevel", "ModuleLevel", "NumpyLevel"]
