"""The adapter of the paper level, and of most references: an `nn.Module` with a torch optimizer.

torch is imported when a level runs, not when this module is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.ladder import Batch, Params, Phase, Result, Trainer
from utils.levels.adapter import Adapter, AdapterTrainer, Turn
from utils.levels.arrays import Outputs, cast_batch, float_dtype, to_numpy, to_numpy_state, to_torch
from utils.levels.low_level import Tensors, grads_of, in_float64, with_grads
from utils.levels.names import NameTable
from utils.levels.recording import record_module
from utils.training_utils import processes, torch_generator

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


def find_device(name: str) -> str:
    """The device of that name: "cpu", "cuda", "cuda:1", ...; "auto" is a GPU where there is one.

    Raises:
        ConfigError: it is a GPU, and torch finds none.
    """
    import torch

    from utils.config import ConfigError

    found = torch.cuda.is_available()
    if name.startswith("cuda") and not found:
        raise ConfigError(f"device = {name}: torch finds no GPU here; auto and cpu train without one")
    return ("cuda" if found else "cpu") if name == "auto" else name


class ModuleLevel(Adapter):
    """An `nn.Module`. `forward(module, batch, training)` returns outputs by name, the module being in the mode of
    `training`; `loss(module, outputs, batch)` returns a tensor.

    A reference gives the same parameters other names: `names` says which. `start` takes switches that change how fast the
    level runs, and not what it computes, besides the options of its optimizer:

        device         "cpu", "cuda", ...; "auto" takes a GPU where there is one
        amp            matrix products and convolutions in bfloat16, which has the range of float32: no loss scaling
        channels_last  images (B, H, W, C) in memory, the order that GPU convolutions work in
        compiled       `torch.compile` of the forward and backward pass
    """

    names: NameTable | None = None  # theirs and ours, where they differ

    @abstractmethod
    def build(self) -> nn.Module:
        """The module."""

    def init(self, module: nn.Module, generator: torch.Generator) -> None:
        """Draw the parameters. A module that draws them when it is built leaves this alone."""

    @abstractmethod
    def forward(self, model: Any, batch: Tensors, training: bool) -> Tensors:
        """Outputs by name."""

    @abstractmethod
    def loss(self, model: Any, outputs: Tensors, batch: Tensors) -> Tensor:
        """The loss."""

    def model(self, params: Params) -> nn.Module:
        """A module that holds a copy of `params`; wrong names or shapes raise, as `load_state_dict(strict=True)` does."""
        import torch

        with torch.random.fork_rng(devices=[]):  # construction draws default weights from the global stream
            module = self.build()
        module.to(torch.float64 if float_dtype(params) == np.float64 else torch.float32)
        theirs = params if self.names is None else self.names.to_theirs(params)
        module.load_state_dict(to_torch(theirs), strict=True)
        for name, parameter in module.named_parameters():
            parameter.requires_grad_(any(map(self.is_trained, self.ours_in(name))))
        return module

    def ours_in(self, name: str) -> tuple[str, ...]:
        """Our names of what the module calls `name`."""
        return (name,) if self.names is None else self.names.ours_in(name)

    def our_arrays(self, tensors: Mapping[str, Tensor]) -> Params:
        """The module's tensors, parameters or gradients, as arrays under our names."""
        arrays = to_numpy(tensors)
        return arrays if self.names is None else self.names.to_ours(arrays, partial=True)

    def trained(self, module: nn.Module, phase: Phase) -> dict[str, nn.Parameter]:
        """What a phase trains, under the module's names."""
        return {n: p for n, p in module.named_parameters() if any(map(phase.trains, self.ours_in(n)))}

    def buffers(self, model: nn.Module) -> Params:
        return {n: value for n, value in self.our_arrays(model.state_dict()).items() if not self.is_trained(n)}

    def run_phase(self, phase: Phase, turn: Turn, model: nn.Module, batch: Batch, training: bool) -> Result:
        model.train(training).zero_grad()
        inputs = with_grads(to_torch(batch), self.ladder.inputs)
        with record_module(model, self.ladder.activations) as activations:
            outputs = turn.forward(model, inputs, training)
            loss = turn.loss(model, outputs, inputs)
        loss.backward()
        grads = {name: g for name, p in self.trained(model, phase).items() if (g := p.grad) is not None}
        return Result(
            to_numpy(outputs),
            float(loss.detach()),
            self.our_arrays(grads),
            grads_of(inputs, self.ladder.inputs),
            to_numpy(activations),
        )

    def start(
        self,
        params: Params,
        *,
        device: str = "cpu",
        amp: bool = False,
        channels_last: bool = False,
        compiled: bool = False,
        **options: Any,
    ) -> Trainer:
        import torch

        device = find_device(device)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        module, turns = self.model(params).to(device), self.turns()
        module.to(memory_format=layout)  # pyright: ignore[reportCallIssue]
        shared = processes()
        optimizers = [
            turns[phase.name].optimizer(self.trained(module, phase), **options) for phase in self.ladder.phases
        ]
        outer, optimizers = shared.prepare(module, optimizers)
        trainer = _ModuleTrainer(self, module, optimizers)
        trainer.outer = torch.compile(outer) if compiled else outer
        trainer.processes, trainer.amp, trainer.layout = shared, amp, layout
        return trainer

    def fresh(self, rng: np.random.Generator) -> Params:
        import torch

        generator = torch_generator(rng)
        with torch.random.fork_rng(devices=[]):
            torch.random.manual_seed(generator.initial_seed())
            module = self.build()
        self.init(module, generator)
        return in_float64(self.our_arrays(module.state_dict()))


class _ModuleTrainer(AdapterTrainer):
    """Started by torchrun or `accelerate launch`, each process takes its share of every batch; gradients are averaged, each
    by how many of the terms of the batch's loss it has."""

    level: ModuleLevel
    outer: Any  # the module as it is called: compiled, or averaging gradients over processes
    processes: Any
    amp: bool
    layout: Any
    weight: float = 1.0  # of this process's loss in the mean over the processes

    @property
    def lr(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.optimizers[0].param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = value

    def given(self, batch: Batch) -> Tensors:
        if self.processes.world_size == 1:
            return self.tensors(batch)
        part = self.processes.shard(batch, self.level.ladder.batch_axes)
        self.weight = self.processes.world_size * self.terms(part) / self.terms(batch)
        return self.tensors(part)

    def terms(self, batch: Batch) -> int:
        """How many terms the loss of a batch is the mean of."""
        ladder = self.level.ladder
        if ladder.terms is not None:
            return ladder.terms(batch)
        return next(array.shape[ladder.batch_axes.get(name, 0)] for name, array in batch.items() if array.ndim)

    def tensors(self, batch: Batch) -> Tensors:
        like = next(self.inner.parameters())
        dtype = np.dtype(str(like.dtype).removeprefix("torch."))
        tensors = {name: value.to(like.device) for name, value in to_torch(cast_batch(batch, dtype)).items()}
        return {n: v.contiguous(memory_format=self.layout) if v.ndim == 4 else v for n, v in tensors.items()}

    def take_turn(self, phase: Phase, turn: Turn, optimizer: Any, batch: Tensors) -> float:
        import torch

        self.outer.train()
        with torch.autocast(next(self.inner.parameters()).device.type, torch.bfloat16, enabled=self.amp):
            loss = turn.loss(self.inner, turn.forward(self.outer, batch, True), batch)
        loss = self.weight * loss
        optimizer.zero_grad()
        loss.backward()
        trained = self.level.trained(self.inner, phase)
        self.level.before_update(trained, {name: p.grad for name, p in trained.items()})
        optimizer.step()
        return self.processes.mean(float(loss.detach()))

    def finish_step(self) -> None:
        import torch

        with torch.no_grad():
            self.level.after_update(self.inner.state_dict(), self.steps)

    def predict(self, batch: Batch) -> Outputs:
        import torch

        with torch.no_grad():
            return to_numpy(self.level.forward(self.inner.eval(), self.tensors(batch), False))

    def params(self) -> Params:
        return self.level.our_arrays(self.inner.state_dict())

    def optimizer_state(self) -> Params:
        state: dict[str, dict[str, Any]] = {}
        for optimizer in self.optimizers:
            for name, parameter in self.inner.named_parameters():
                for key, value in optimizer.state.get(parameter, {}).items():
                    if value is not None:
                        state.setdefault(key, {})[name] = value
        ours = {key: to_numpy_state(values) for key, values in state.items()}
        if self.level.names is not None:
            ours = {key: self.level.names.to_ours(values, partial=True) for key, values in ours.items()}
        return {f"{key}.{name}": value for key, values in ours.items() for name, value in values.items()}

    def load_optimizer_state(self, state: Params) -> None:
        import torch

        parameters = dict(self.inner.named_parameters())
        by_key: dict[str, Params] = {}
        for flat, value in state.items():
            key, name = flat.split(".", 1)
            by_key.setdefault(key, {})[name] = value
        for key, values in by_key.items():
            theirs = values if self.level.names is None else self.level.names.to_theirs(values, partial=True)
            for name, value in theirs.items():
                parameter = parameters[name]
                for phase, optimizer in zip(self.level.ladder.phases, self.optimizers, strict=True):
                    if name in self.level.trained(self.inner, phase):
                        optimizer.state[parameter][key] = torch.tensor(value, device=parameter.device)
