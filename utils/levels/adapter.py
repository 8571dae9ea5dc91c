"""What the adapters have in common: how one pass, a training step and a game of several players are put together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from utils.ladder import Batch, Ladder, Level, Load, Params, Phase, Result, Trainer
from utils.levels.arrays import cast_batch, flat_state, float_dtype


@dataclass(frozen=True)
class Turn:
    """What a level does in one phase of a step: a pass, its loss, and the optimizer of what the phase trains."""

    forward: Callable[..., Any]
    loss: Callable[..., Any]
    optimizer: Callable[..., Any]


class Adapter(Level):
    """A level made from plain code. A subclass says how the code is called:

        build      the model with its own initialisation
        forward    inputs -> outputs
        loss       outputs, targets -> loss
        optimizer  the chapter's own, over the parameters that are trained

    Everything else it takes from the ladder: sizes, inputs, activations, phases, schedule. `self.load(name)` gives the
    modules of the level; `self.sizes` are keyword arguments of the model.
    """

    def __init__(self, ladder: Ladder, load: Load, sizes: dict[str, Any]) -> None:
        self.ladder, self.load, self.sizes = ladder, load, sizes
        self.schedule = ladder.schedule

    @property
    def trainable(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return type(self).optimizer is not Adapter.optimizer or type(self).turns is not Adapter.turns

    @abstractmethod
    def forward(self, model: Any, batch: Any, training: bool) -> Any:
        """Outputs by name. It needs no targets: a model acts and generates with it."""

    @abstractmethod
    def loss(self, model: Any, outputs: Any, batch: Any) -> Any:
        """The loss of these outputs."""

    def optimizer(self, params: Any, **options: Any) -> Any:
        """The optimizer over `params`, a dict by name of what is trained; `options` are those of `Level.start`."""
        raise TypeError(f"{type(self).__name__} can be run but not trained: it declares no optimizer")

    def turns(self) -> Mapping[str, Turn]:
        """By the name of each phase of the ladder, what is done in it. A game overrides this; others have one phase."""
        return {phase.name: Turn(self.forward, self.loss, self.optimizer) for phase in self.ladder.phases}

    def before_update(self, params: Any, grads: Any) -> None:
        """Called with what a phase trains and its gradients, before the optimizer steps: clipping, clamping, decay. It
        changes them in place. NumPy has arrays in both dicts, torch leaf tensors and their `.grad`."""

    def after_update(self, params: Any, step: int) -> None:
        """Called after every whole step, counted from 1, with all parameters and buffers: a target network is copied
        here, in place."""

    def is_trained(self, name: str) -> bool:
        """Whether some phase trains the parameter of that name; what none trains is a buffer."""
        return any(phase.trains(name) for phase in self.ladder.phases)

    @abstractmethod
    def model(self, params: Params) -> Any:
        """A model that holds a copy of `params`."""

    @abstractmethod
    def run_phase(self, phase: Phase, turn: Turn, model: Any, batch: Batch, training: bool) -> Result:
        """One phase forward and backward; buffers are left to `run`."""

    @abstractmethod
    def buffers(self, model: Any) -> Params:
        """Copies of what is not trained."""

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        model, turns = self.model(params), self.turns()
        batch = cast_batch(batch, float_dtype(params))
        results = {p.name: self.run_phase(p, turns[p.name], model, batch, training) for p in self.ladder.phases}
        merged = next(iter(results.values())) if len(results) == 1 else merge(results)
        return replace(merged, buffers=self.buffers(model))


def merge(results: Mapping[str, Result]) -> Result:
    """The results of the phases as one.

    Raises:
        ValueError: two phases train the same parameter, so its gradient would be that of either.
    """
    merged = Result({}, 0.0)
    for phase, result in results.items():
        if twice := sorted(merged.grads.keys() & result.grads.keys()):
            raise ValueError(f"phase {phase} trains what an earlier phase of the step trains too: {', '.join(twice)}")
        merged.grads.update(result.grads)
        for kind in ("outputs", "input_grads", "activations"):
            getattr(merged, kind).update({f"{phase}.{name}": v for name, v in getattr(result, kind).items()})
        merged.outputs[f"{phase}.loss"] = np.array(result.loss)
    return replace(merged, loss=sum(result.loss for result in results.values()))


class AdapterTrainer(Trainer):
    """The phases in turn, an optimizer each, and the hooks before and after an update."""

    def __init__(self, level: Adapter, model: Any, optimizers: list[Any]) -> None:
        self.level, self.inner, self.optimizers, self.steps = level, model, optimizers, 0
        self.turns = level.turns()

    @property
    def lr(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.optimizers[0].lr

    @lr.setter
    def lr(self, value: float) -> None:
        for optimizer in self.optimizers:
            optimizer.lr = value

    def step(self, batch: Batch) -> float:
        given = self.given(batch)
        total = 0.0
        for phase, optimizer in zip(self.level.ladder.phases, self.optimizers, strict=True):
            total += self.take_turn(phase, self.turns[phase.name], optimizer, given)
        self.steps += 1
        self.finish_step()
        return total

    @abstractmethod
    def given(self, batch: Batch) -> Any:
        """The batch as the level takes it."""

    @abstractmethod
    def take_turn(self, phase: Phase, turn: Turn, optimizer: Any, batch: Any) -> float:
        """Forward, backward, update. Returns the loss before the update."""

    @abstractmethod
    def finish_step(self) -> None:
        """Call the hook after the update."""

    def optimizer_state(self) -> Params:
        return {name: value for optimizer in self.optimizers for name, value in flat_state(optimizer.state).items()}
