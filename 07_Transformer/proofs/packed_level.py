"""A reference whose parameters are ours under other names, several of ours sometimes in one of theirs.

`torch.nn.MultiheadAttention` keeps the matrices of queries, keys and values below one another in one `in_proj_weight`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from utils.ladder import Params, Trainer
from utils.levels import ModuleLevel
from utils.levels.arrays import flat_state, float_dtype, to_numpy, to_numpy_state, to_torch

Table = Mapping[str, tuple[str, ...]]
"""Their name -> our names, whose arrays stand below one another in theirs."""


def pack(params: Params, table: Table) -> Params:
    """Ours -> theirs. Every name of ours must be used, once."""
    used = [name for names in table.values() for name in names]
    if sorted(used) != sorted(params):
        raise ValueError(f"the name table does not use every parameter once: {sorted(set(used) ^ set(params))}")
    return {theirs: np.concatenate([params[name] for name in names]) for theirs, names in table.items()}


def unpack(arrays: Mapping[str, np.ndarray], table: Table) -> Params:
    """Theirs -> ours, as far as `arrays` goes; what is in no table is theirs alone."""
    found: Params = {}
    for theirs, names in table.items():
        if theirs in arrays:
            value = arrays[theirs]  # a counter of an optimizer counts for each
            parts = np.split(value, len(names)) if value.ndim else [value] * len(names)
            found.update({name: part.copy() for name, part in zip(names, parts, strict=True)})
    return found


class PackedLevel(ModuleLevel):
    """A `ModuleLevel` with a `Table` of names in place of one-to-one names.

    Args:
        table: gives the table for a model with these parameters.
        extras: what else their state holds: tied copies, constants.
    """

    def __init__(
        self,
        build: Callable[..., nn.Module],
        one_pass: Callable[..., Any],
        optimizer: Callable[..., Any] | None,
        *,
        table: Callable[[Params], Table],
        extras: Callable[[Params], Params] = lambda params: {},
        **options: Any,
    ) -> None:
        super().__init__(build, one_pass, optimizer, **options)
        self.table_of, self.extras = table, extras
        self.table: Table = {}

    def module(self, params: Params) -> nn.Module:
        self.table = self.table_of(params)
        with torch.random.fork_rng(devices=[]):
            module = self.build(**self.sizes(params))
        dtype = torch.float64 if float_dtype(params) == np.float64 else torch.float32
        module.to(dtype).load_state_dict(to_torch(pack(params, self.table) | self.extras(params)), strict=True)
        return module

    def our_names(self, tensors: Mapping[str, Tensor]) -> Params:
        return unpack(to_numpy(tensors), self.table)

    def start(self, params: Params, **options: Any) -> Trainer:
        trainer: Any = super().start(params, **options)
        trainer.optimizer_state = lambda: self.optimizer_state(trainer)
        return trainer

    def optimizer_state(self, trainer: Any) -> Params:
        state: dict[str, dict[str, Any]] = {}
        for name, parameter in trainer.inner.named_parameters():
            for key, value in trainer.optimizer.state.get(parameter, {}).items():
                state.setdefault(key, {})[name] = value
        return flat_state({key: unpack(to_numpy_state(values), self.table) for key, values in state.items()})
