"""The adapter of the low level: functions of a dict of leaf tensors, with the chapter's own optimizer.

torch is imported when a level runs, not when this module is.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.ladder import Batch, Params, Phase, Result, Trainer
from utils.levels.adapter import Adapter, AdapterTrainer, Turn
from utils.levels.arrays import Outputs, cast_batch, float_dtype, to_numpy, to_torch
from utils.levels.recording import named_parts
from utils.training_utils import torch_generator

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Tensors = dict[str, "Tensor"]


class LowLevel(Adapter):
    """Functions of a dict of leaf tensors. `forward(params, batch, training)` returns outputs and activations by name, and
    may change the buffers in place in training mode; `loss(params, outputs, batch)` returns a tensor.
    """

    @abstractmethod
    def init(self, generator: torch.Generator) -> Tensors:
        """The level's own initialisation: leaf tensors, the trained ones with `requires_grad`, and buffers."""

    @abstractmethod
    def forward(self, model: Tensors, batch: Tensors, training: bool) -> tuple[Tensors, dict[str, Any]]:
        """Outputs, and activations in order of computation."""

    @abstractmethod
    def loss(self, model: Tensors, outputs: Tensors, batch: Tensors) -> Tensor:
        """The loss."""

    def model(self, params: Params) -> Tensors:
        """Leaf tensors that hold a copy of `params`."""
        return {
            name: value.requires_grad_(self.is_trained(name) and value.is_floating_point())
            for name, value in to_torch(params).items()
        }

    def buffers(self, model: Tensors) -> Params:
        return to_numpy({name: value for name, value in model.items() if not self.is_trained(name)})

    def run_phase(self, phase: Phase, turn: Turn, model: Tensors, batch: Batch, training: bool) -> Result:
        inputs = with_grads(to_torch(batch), self.ladder.inputs)
        outputs, recorded = turn.forward(model, inputs, training)
        loss = turn.loss(model, outputs, inputs)
        for value in model.values():
            value.grad = None
        loss.backward()
        activations = {
            part: value for name, output in recorded.items() for part, value in named_parts(name, output).items()
        }
        grads = {name: g for name, value in model.items() if phase.trains(name) and (g := value.grad) is not None}
        return Result(
            to_numpy(outputs),
            float(loss.detach()),
            to_numpy(grads),
            grads_of(inputs, self.ladder.inputs),
            to_numpy(activations),
        )

    def start(self, params: Params, **options: Any) -> Trainer:
        model, turns = self.model(params), self.turns()
        optimizers = [
            turns[phase.name].optimizer({n: t for n, t in model.items() if phase.trains(n)}, **options)
            for phase in self.ladder.phases
        ]
        return _LowLevelTrainer(self, model, optimizers)

    def fresh(self, rng: np.random.Generator) -> Params:

        tensors = self.init(torch_generator(rng))
        for name, value in tensors.items():
            if self.is_trained(name) and not (value.is_leaf and value.requires_grad):
                raise ValueError(
                    f"initialisation: parameter {name} is not a leaf that requires a gradient, so `.grad` stays None and "
                    "training never moves it; scale first, then call requires_grad_()"
                )
        return in_float64(to_numpy(tensors))


class _LowLevelTrainer(AdapterTrainer):
    def given(self, batch: Batch) -> Tensors:
        return to_torch(cast_batch(batch, float_dtype(to_numpy(self.inner))))

    def take_turn(self, phase: Phase, turn: Turn, optimizer: Any, batch: Tensors) -> float:
        outputs, _ = turn.forward(self.inner, batch, True)
        loss = turn.loss(self.inner, outputs, batch)
        optimizer.zero_grad()
        loss.backward()
        params = trained(self.inner, phase)
        self.level.before_update(params, {name: value.grad for name, value in params.items()})
        optimizer.step()
        return float(loss.detach())

    def finish_step(self) -> None:
        import torch

        with torch.no_grad():
            self.level.after_update(self.inner, self.steps)

    def predict(self, batch: Batch) -> Outputs:
        import torch

        with torch.no_grad():
            return to_numpy(self.level.forward(self.inner, self.given(batch), False)[0])

    def params(self) -> Params:
        return to_numpy(self.inner)

    def load_optimizer_state(self, state: Params) -> None:
        import torch

        for flat, value in state.items():
            key, name = flat.split(".", 1)
            for phase, optimizer in zip(self.level.ladder.phases, self.optimizers, strict=True):
                if phase.trains(name):
                    optimizer.state[key][name] = value.item() if value.ndim == 0 else torch.tensor(value)


def trained(params: Tensors, phase: Phase) -> Tensors:
    return {name: value for name, value in params.items() if phase.trains(name)}


def with_grads(batch: Tensors, inputs: tuple[str, ...]) -> Tensors:
    """The batch, its continuous inputs with `requires_grad`."""
    for name in inputs:
        batch[name].requires_grad_(True)
    return batch


def grads_of(batch: Tensors, inputs: tuple[str, ...]) -> Outputs:
    return to_numpy({name: grad for name in inputs if (grad := batch[name].grad) is not None})


def in_float64(params: Params) -> Params:
    """Floating arrays in float64; counters stay whole."""
    return {n: p.astype(np.float64) if np.issubdtype(p.dtype, np.floating) else p for n, p in params.items()}
