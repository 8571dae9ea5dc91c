"""The adapter of the NumPy level: the model has `params`, `grads`, perhaps `buffers`, and `zero_grads`. It needs no torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from utils.ladder import Batch, Params, Phase, Result, Trainer
from utils.levels.adapter import Adapter, AdapterTrainer, Turn
from utils.levels.arrays import Outputs, cast_batch, float_dtype, load_arrays
from utils.levels.recording import record_numpy


class NumpyLevel(Adapter):
    """A NumPy model. `forward(model, batch, training)` returns outputs by name; `loss(model, outputs, batch)` the loss and
    a function `backward(inputs)`, which fills `model.grads` and returns the gradients of the continuous inputs by name.
    With `inputs=False` they are not used: it may give None for them, or leave them out.
    """

    @abstractmethod
    def build(self, rng: np.random.Generator, dtype: Any) -> Any:
        """The model with its own initialisation."""

    @abstractmethod
    def forward(self, model: Any, batch: Batch, training: bool) -> Outputs:
        """Outputs by name."""

    @abstractmethod
    def loss(self, model: Any, outputs: Outputs, batch: Batch) -> tuple[float, Callable[[bool], dict[str, Any]]]:
        """The loss, and `backward(inputs)`."""

    def model(self, params: Params) -> Any:
        model = self.build(np.random.default_rng(0), float_dtype(params))
        load_arrays(all_arrays(model), params)
        return model

    def buffers(self, model: Any) -> Params:
        return {name: value.copy() for name, value in all_arrays(model).items() if not self.is_trained(name)}

    def run_phase(self, phase: Phase, turn: Turn, model: Any, batch: Batch, training: bool) -> Result:
        with record_numpy(model, self.ladder.activations) as activations:
            outputs = turn.forward(model, batch, training)
            loss, backward = turn.loss(model, outputs, batch)
        model.zero_grads()
        input_grads = backward(True)
        grads = {name: grad.copy() for name, grad in trained(model.grads, phase).items()}
        return Result(outputs, float(loss), grads, input_grads, activations)

    def start(self, params: Params, **options: Any) -> Trainer:
        model, turns = self.model(params), self.turns()
        optimizers = [
            turns[phase.name].optimizer(trained(model.params, phase), **options) for phase in self.ladder.phases
        ]
        return _NumpyTrainer(self, model, optimizers)

    def fresh(self, rng: np.random.Generator) -> Params:
        return {name: value.copy() for name, value in all_arrays(self.build(rng, np.dtype(np.float64))).items()}


class _NumpyTrainer(AdapterTrainer):
    def given(self, batch: Batch) -> Batch:
        return cast_batch(batch, float_dtype(self.inner.params))

    def take_turn(self, phase: Phase, turn: Turn, optimizer: Any, batch: Batch) -> float:
        outputs = turn.forward(self.inner, batch, True)
        loss, backward = turn.loss(self.inner, outputs, batch)
        self.inner.zero_grads()
        backward(False)
        grads = trained(self.inner.grads, phase)
        self.level.before_update(trained(self.inner.params, phase), grads)
        optimizer.step(grads)
        return float(loss)

    def finish_step(self) -> None:
        self.level.after_update(all_arrays(self.inner), self.steps)

    def predict(self, batch: Batch) -> Outputs:
        return self.level.forward(self.inner, self.given(batch), False)

    def params(self) -> Params:
        return {name: value.copy() for name, value in all_arrays(self.inner).items()}

    def load_optimizer_state(self, state: Params) -> None:
        for flat, value in state.items():
            key, name = flat.split(".", 1)
            for phase, optimizer in zip(self.level.ladder.phases, self.optimizers, strict=True):
                if phase.trains(name):
                    # A counter is a plain number, a moment is an array: keep what the optimizer itself uses.
                    optimizer.state[key][name] = value.item() if value.ndim == 0 else value.copy()


def trained(arrays: dict[str, np.ndarray], phase: Phase) -> dict[str, np.ndarray]:
    return {name: array for name, array in arrays.items() if phase.trains(name)}


def all_arrays(model: Any) -> dict[str, np.ndarray]:
    """Parameters and buffers of a model by name: its own arrays."""
    return {**model.params, **getattr(model, "buffers", {})}
