"""Recording what the sub-layers of a model return, by name, while it runs. A tuple is recorded as "lstm[0]", "lstm[1]"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.levels.arrays import Outputs, flatten

if TYPE_CHECKING:
    from torch import Tensor, nn


def named_parts(name: str, value: Any) -> dict[str, Any]:
    """{"lstm": (y, (h, c))} as {"lstm[0]": y, "lstm[1]": h, "lstm[2]": c}; a value that is no tuple keeps its name."""
    if not isinstance(value, tuple | list):
        return {name: value}
    return {f"{name}[{i}]": part for i, part in enumerate(flatten(value))}


def sub_layer(model: Any, name: str) -> Any | None:
    """The layer under a dotted name such as "blocks.1.fc1", or None."""
    for part in name.split("."):
        if part.isdigit():
            model = model[int(part)] if isinstance(model, Sequence) and int(part) < len(model) else None
        else:
            model = getattr(model, part, None)
    return model


@contextmanager
def record_numpy(model: Any, names: Sequence[str]) -> Iterator[Outputs]:
    """Record what the sub-layers called `names` return from `forward`, while the block runs.

    A name without a layer is left out: it is reported as missing when the levels are compared.
    """
    record: Outputs = {}
    wrapped = []
    for name in names:
        layer = sub_layer(model, name)
        if layer is None:
            continue

        def forward(*inputs: Any, _name: str = name, _forward: Callable = layer.forward, **options: Any) -> Any:
            output = _forward(*inputs, **options)
            record.update({part: np.array(value) for part, value in named_parts(_name, output).items()})
            return output

        layer.forward = forward
        wrapped.append(layer)
    try:
        yield record
    finally:
        for layer in wrapped:
            del layer.forward


@contextmanager
def record_module(module: nn.Module, names: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """The same for the sub-modules of an `nn.Module`."""
    record: dict[str, Tensor] = {}
    there = dict(module.named_modules())
    hooks = [
        there[name].register_forward_hook(lambda _, __, output, name=name: record.update(named_parts(name, output)))
        for name in names
        if name in there
    ]
    try:
        yield record
    finally:
        for hook in hooks:
            hook.remove()
