"""The adapter that turns a NumPy model into a `Level`: the model has `params`, `grads`, `buffers`, `forward`, `backward`.

It copies parameters in and results out; nothing that the caller holds is shared or changed. It needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from utils.ladder import Batch, Level, Params, Result, Trainer
from utils.levels.arrays import Outputs, cast_batch, flat_state, float_dtype, load_arrays

NumpyPass = Callable[[Any, Batch, bool], tuple[Outputs, float, Callable[[bool], Outputs]]]
"""(model, batch, training) -> outputs, loss, backward; `backward(inputs)` fills `model.grads` and returns the gradients of
the continuous inputs by name. With `inputs=False` they are not used, and it may leave them out."""


class NumpyLevel(Level):
    """A NumPy model.

    `build(rng, dtype)` makes it with its own initialisation; `one_pass` is a `NumpyPass`; `optimizer(model, **options)`
    makes the chapter's optimizer over `model.params`, with `lr`, `step(grads)` and `state`. Where the model's sizes vary,
    `sizes(params)` reads them from the parameters' shapes, as keyword arguments for `build`.
    """

    def __init__(
        self,
        build: Callable[..., Any],
        one_pass: NumpyPass,
        optimizer: Callable[..., Any],
        *,
        activations: tuple[str, ...] = (),
        schedule: Callable[[int], float] | None = None,
        sizes: Callable[[Params], dict[str, Any]] = lambda params: {},
    ) -> None:
        self.build, self.one_pass, self.optimizer, self.sizes = build, one_pass, optimizer, sizes
        self.activations, self.schedule = activations, schedule

    def model(self, params: Params) -> Any:
        """A model that holds a copy of `params`."""
        model = self.build(np.random.default_rng(0), float_dtype(params), **self.sizes(params))
        load_arrays({**model.params, **getattr(model, "buffers", {})}, params)
        return model

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        model = self.model(params)
        batch = cast_batch(batch, float_dtype(params))
        with record_numpy(model, self.activations) as activations:
            outputs, loss, backward = self.one_pass(model, batch, training)
        model.zero_grads()
        input_grads = backward(True)
        grads = {name: grad.copy() for name, grad in model.grads.items()}
        buffers = {name: value.copy() for name, value in getattr(model, "buffers", {}).items()}
        return Result(outputs, float(loss), grads, input_grads, activations, buffers)

    def start(self, params: Params, **options: Any) -> Trainer:
        return _NumpyTrainer(self, self.model(params), options)

    def fresh(self, rng: np.random.Generator) -> Params:
        model = self.build(rng, np.dtype(np.float64))
        return {name: value.copy() for name, value in {**model.params, **getattr(model, "buffers", {})}.items()}


class _NumpyTrainer(Trainer):
    def __init__(self, level: NumpyLevel, model: Any, options: dict[str, Any]) -> None:
        self.model, self.one_pass = model, level.one_pass
        self.dtype = float_dtype(model.params)
        self.optimizer = level.optimizer(model, **options)

    @property
    def lr(self) -> float:
        return self.optimizer.lr

    @lr.setter
    def lr(self, value: float) -> None:
        self.optimizer.lr = value

    def step(self, batch: Batch) -> float:
        _, loss, backward = self.one_pass(self.model, cast_batch(batch, self.dtype), True)
        self.model.zero_grads()
        backward(False)
        self.optimizer.step(self.model.grads)
        return float(loss)

    def predict(self, batch: Batch) -> Outputs:
        return self.one_pass(self.model, cast_batch(batch, self.dtype), False)[0]

    def params(self) -> Params:
        return {k: v.copy() for k, v in {**self.model.params, **getattr(self.model, "buffers", {})}.items()}

    def optimizer_state(self) -> Params:
        return flat_state(self.optimizer.state)

    def load_optimizer_state(self, state: Params) -> None:
        for flat, value in state.items():
            key, name = flat.split(".", 1)
            # A counter is a plain number, a moment is an array: keep what the optimizer itself uses.
            self.optimizer.state[key][name] = value.item() if value.ndim == 0 else value.copy()


def sub_layer(model: Any, name: str) -> Any | None:
    """The layer under a dotted name such as "blocks.1.fc1", or None."""
    for part in name.split("."):
        if model is None:
            return None
        model = model[int(part)] if part.isdigit() else getattr(model, part, None)
    return model


@contextmanager
def record_numpy(model: Any, names: tuple[str, ...]) -> Iterator[Outputs]:
    """Record what the sub-layers called `names` return from `forward`, while the block runs."""
    record: Outputs = {}
    wrapped = []
    for name in names:
        layer = sub_layer(model, name)
        if layer is None:
            continue  # reported as missing when the levels are compared

        def forward(*inputs: Any, _name: str = name, _forward: Callable = layer.forward) -> Any:
            output = _forward(*inputs)
            record[_name] = np.array(output)
            return output

        layer.forward = forward
        wrapped.append(layer)
    try:
        yield record
    finally:
        for layer in wrapped:
            del layer.forward
