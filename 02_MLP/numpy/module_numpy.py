"""A minimal module: it finds the parameters of its layers, and gives them dotted names.

Chapter 01 wrote the dictionary of parameters by hand. With more than two layers that is a chore and a source of faults,
so a model now inherits from `Module` and only has to hold its layers as attributes:

    class Net(Module):
        def __init__(self, rng):
            super().__init__()
            self.fc1 = Linear(4, 3, rng=rng)            # params: fc1.weight, fc1.bias
            self.blocks = [Linear(3, 3, rng=rng), ...]  # params: blocks.0.weight, blocks.0.bias, ...

`torch.nn.Module` does the same, with the same names. Nothing is copied: `net.params["fc1.weight"]` is the very array that
`net.fc1` multiplies with, so an optimizer that updates it in place updates the layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

Array = np.ndarray


# --8<-- [start:module]
class Module:
    """Base of every model, block and activation from this chapter on.

    A layer is anything with `params` and `grads`; `Linear` of chapter 01 is one without knowing this class.
    """

    def __init__(self) -> None:
        self._own: dict[str, dict[str, Array]] = {"params": {}, "grads": {}, "buffers": {}}

    def add_param(self, name: str, value: Array) -> Array:
        """Declare a parameter of this module itself, with a gradient of zeros beside it. Returns: the array."""
        self._own["params"][name] = value
        self._own["grads"][name] = np.zeros_like(value)
        return value

    def add_buffer(self, name: str, value: Array) -> Array:
        """Declare an array that is saved and loaded but not trained (a running mean, a fixed code). Returns: the array."""
        self._own["buffers"][name] = value
        return value

    def layers(self) -> Iterator[tuple[str, Any]]:
        """The layers held as attributes or in lists, as (name, layer), in the order of assignment."""
        for name, value in vars(self).items():
            if _is_layer(value):
                yield name, value
            elif isinstance(value, list | tuple):
                yield from ((f"{name}.{i}", layer) for i, layer in enumerate(value) if _is_layer(layer))

    def _collect(self, kind: str) -> dict[str, Array]:
        found = dict(self._own[kind])
        for prefix, layer in self.layers():
            for name, array in getattr(layer, kind, {}).items():
                # a shared array is listed once, and updated once
                if not any(array is known for known in found.values()):
                    found[f"{prefix}.{name}"] = array
        return found

    @property
    def params(self) -> dict[str, Array]:
        """Every parameter under its dotted name: the layers' own arrays."""
        return self._collect("params")

    @property
    def grads(self) -> dict[str, Array]:
        """The gradient of every parameter, under the parameter's name."""
        return self._collect("grads")

    @property
    def buffers(self) -> dict[str, Array]:
        """What is saved with the model but not trained."""
        return self._collect("buffers")

    def zero_grads(self) -> None:
        """Forget all gradients; `backward` adds, so every training step begins here."""
        for grad in self.grads.values():
            grad[...] = 0.0

    def load(self, params: Mapping[str, Array]) -> None:
        """Copy arrays into the parameters and buffers of the same names.

        Raises:
            ValueError: a name is missing or unknown, or a shape differs; nothing has been copied then.
        """
        own = {**self.params, **self.buffers}
        missing, unknown = sorted(own.keys() - params.keys()), sorted(params.keys() - own.keys())
        if missing or unknown:
            raise ValueError(f"{type(self).__name__}.load: missing {missing or 'none'}, unknown {unknown or 'none'}")
        for name, value in params.items():
            if own[name].shape != value.shape:
                raise ValueError(
                    f"{type(self).__name__}.load: {name} expected shape {own[name].shape}, got {value.shape}"
                )
        for name, value in params.items():
            own[name][...] = value


# --8<-- [end:module]


def _is_layer(value: Any) -> bool:
    return isinstance(value, Module) or (hasattr(value, "params") and hasattr(value, "grads"))
