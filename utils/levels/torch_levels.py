"""Adapters that turn a level's plain torch code into a `Level`.

    LowLevel      a function of a dict of leaf tensors
    ModuleLevel   an `nn.Module` with a torch optimizer: the paper level, and most references

Each copies parameters in and results out; nothing that the caller holds is shared or changed. torch is imported when a
level runs, not when this module is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.ladder import Batch, Level, Params, Result, Trainer
from utils.levels.arrays import Outputs, cast_batch, flat_state, float_dtype, to_numpy, to_numpy_state, to_torch
from utils.training_utils import processes

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

LowLevelPass = Callable[["dict[str, Tensor]", "dict[str, Tensor]", bool], "tuple[dict, Tensor, dict]"]
"""(params, batch, training) -> outputs, loss, activations."""


class LowLevel(Level):
    """A function of a dict of leaf tensors.

    `init(generator)` makes the tensors, the trainable ones with `requires_grad`; `one_pass` is a `LowLevelPass`, and may
    change the buffers in place in training mode; `inputs` names the continuous inputs of the batch; `buffers` the
    entries that are not trained.
    """

    def __init__(
        self,
        init: Callable[[torch.Generator], dict[str, Tensor]],
        one_pass: LowLevelPass,
        optimizer: Callable[..., Any],
        *,
        inputs: tuple[str, ...],
        buffers: frozenset[str] = frozenset(),
        schedule: Callable[[int], float] | None = None,
    ) -> None:
        self.init, self.one_pass, self.optimizer = init, one_pass, optimizer
        self.inputs, self.buffers, self.schedule = inputs, buffers, schedule

    def tensors(self, params: Params) -> dict[str, Tensor]:
        """Leaf tensors that hold a copy of `params`."""
        return {
            name: value.requires_grad_(name not in self.buffers and value.is_floating_point())
            for name, value in to_torch(params).items()
        }

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        tensors = self.tensors(params)
        inputs = to_torch(cast_batch(batch, float_dtype(params)))
        _require_grad(inputs, self.inputs)
        outputs, loss, activations = self.one_pass(tensors, inputs, training)
        loss.backward()
        return Result(
            to_numpy(outputs),
            float(loss.detach()),
            to_numpy({name: grad for name, value in tensors.items() if (grad := value.grad) is not None}),
            _input_grads(inputs, self.inputs),
            to_numpy(activations),
            to_numpy({name: tensors[name] for name in tensors if name in self.buffers}),
        )

    def start(self, params: Params, **options: Any) -> Trainer:
        return _LowLevelTrainer(self, self.tensors(params), options)

    def fresh(self, rng: np.random.Generator) -> Params:
        import torch

        tensors = self.init(torch.Generator().manual_seed(int(rng.integers(2**31))))
        for name, value in tensors.items():
            if name not in self.buffers and not (value.is_leaf and value.requires_grad):
                raise ValueError(
                    f"initialisation: parameter {name} is not a leaf that requires a gradient, so `.grad` stays None and "
                    "training never moves it; scale first, then call requires_grad_()"
                )
        return {name: value.astype(np.float64) for name, value in to_numpy(tensors).items()}


class _LowLevelTrainer(Trainer):
    def __init__(self, level: LowLevel, tensors: dict[str, Tensor], options: dict[str, Any]) -> None:
        self.level, self.tensors = level, tensors
        self.dtype = float_dtype(to_numpy(tensors))
        self.optimizer = level.optimizer({n: t for n, t in tensors.items() if n not in level.buffers}, **options)

    @property
    def lr(self) -> float:
        return self.optimizer.lr

    @lr.setter
    def lr(self, value: float) -> None:
        self.optimizer.lr = value

    def step(self, batch: Batch) -> float:
        _, loss, _ = self.level.one_pass(self.tensors, to_torch(cast_batch(batch, self.dtype)), True)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def predict(self, batch: Batch) -> Outputs:
        import torch

        with torch.no_grad():
            return to_numpy(self.level.one_pass(self.tensors, to_torch(cast_batch(batch, self.dtype)), False)[0])

    def params(self) -> Params:
        return to_numpy(self.tensors)

    def optimizer_state(self) -> Params:
        return flat_state({k: to_numpy_state(v) for k, v in self.optimizer.state.items()})

    def load_optimizer_state(self, state: Params) -> None:
        import torch

        for flat, value in state.items():
            key, name = flat.split(".", 1)
            self.optimizer.state[key][name] = value.item() if value.ndim == 0 else torch.tensor(value)


class ModuleLevel(Level):
    """An `nn.Module`.

    `build()` makes the module, `init(module, generator)` draws its parameters; `one_pass(module, batch)` gives outputs and
    loss; `optimizer(module, **options)` makes a torch optimizer; `inputs` names the continuous inputs of the batch;
    `activations` the sub-modules whose outputs are recorded; `names` maps our parameter names to the module's where they
    differ (for a reference), each exactly once; `sizes` as in `NumpyLevel`.
    """

    def __init__(
        self,
        build: Callable[..., nn.Module],
        one_pass: Callable[[Any, dict[str, Tensor]], tuple[dict[str, Tensor], Tensor]],
        optimizer: Callable[..., torch.optim.Optimizer] | None = None,
        *,
        inputs: tuple[str, ...],
        init: Callable[[Any, torch.Generator], None] | None = None,
        activations: tuple[str, ...] = (),
        names: Mapping[str, str] | None = None,
        schedule: Callable[[int], float] | None = None,
        sizes: Callable[[Params], dict[str, Any]] = lambda params: {},
    ) -> None:
        self.build, self.one_pass, self.optimizer, self.init, self.sizes = build, one_pass, optimizer, init, sizes
        self.inputs, self.activations, self.schedule = inputs, activations, schedule
        self.theirs = dict(names or {})
        self.ours = {theirs: ours for ours, theirs in self.theirs.items()}
        if len(self.ours) != len(self.theirs):
            raise ValueError("the name table maps two of our parameters to one of the module's")

    def module(self, params: Params) -> nn.Module:
        """A module that holds a copy of `params`; wrong names or shapes raise, as `load_state_dict(strict=True)` does."""
        import torch

        with torch.random.fork_rng(devices=[]):  # construction draws default weights from the global stream
            module = self.build(**self.sizes(params))
        module.to(torch.float64 if float_dtype(params) == np.float64 else torch.float32)
        module.load_state_dict({self.theirs.get(k, k): v for k, v in to_torch(params).items()}, strict=True)
        return module

    def our_names(self, tensors: Mapping[str, Tensor]) -> Params:
        return to_numpy({self.ours.get(name, name): value for name, value in tensors.items()})

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        module = self.module(params).train(training)
        inputs = to_torch(cast_batch(batch, float_dtype(params)))
        _require_grad(inputs, self.inputs)
        activations: dict[str, Tensor] = {}
        for name in self.activations:
            module.get_submodule(name).register_forward_hook(
                lambda _module, _inputs, output, name=name: activations.update({name: output})
            )
        outputs, loss = self.one_pass(module, inputs)
        loss.backward()
        return Result(
            to_numpy(outputs),
            float(loss.detach()),
            self.our_names({n: g for n, p in module.named_parameters() if (g := p.grad) is not None}),
            _input_grads(inputs, self.inputs),
            to_numpy(activations),
            self.our_names({name: b for name, b in module.named_buffers() if name in module.state_dict()}),
        )

    def start(self, params: Params, **options: Any) -> Trainer:
        if self.optimizer is None:
            raise TypeError("this level can be run but not trained: it declares no optimizer")
        return _ModuleTrainer(self, self.module(params), options)

    def fresh(self, rng: np.random.Generator) -> Params:
        import torch

        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        with torch.random.fork_rng(devices=[]):
            torch.random.manual_seed(generator.initial_seed())
            module = self.build()
        if self.init is not None:
            self.init(module, generator)
        return {
            name: value.astype(np.float64) if np.issubdtype(value.dtype, np.floating) else value
            for name, value in self.our_names(module.state_dict()).items()
        }


class _ModuleTrainer(Trainer):
    """Started by torchrun or `accelerate launch`, each process takes its share of every batch; gradients are averaged."""

    def __init__(self, level: ModuleLevel, module: nn.Module, options: dict[str, Any]) -> None:
        assert level.optimizer is not None
        self.processes = options.pop("processes", None) or processes()
        self.level, self.inner = level, module.train()
        self.dtype = float_dtype(to_numpy(dict(module.named_parameters())))
        self.optimizer = level.optimizer(module, **options)
        self.outer, self.optimizer = self.processes.prepare(module, self.optimizer)

    @property
    def lr(self) -> float:
        return self.optimizer.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = value

    def _tensors(self, batch: Batch) -> dict[str, Tensor]:
        device = next(self.inner.parameters()).device
        return {name: value.to(device) for name, value in to_torch(cast_batch(batch, self.dtype)).items()}

    def step(self, batch: Batch) -> float:
        _, loss = self.level.one_pass(self.outer.train(), self._tensors(self.processes.shard(batch)))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return self.processes.mean(float(loss.detach()))

    def predict(self, batch: Batch) -> Outputs:
        import torch

        with torch.no_grad():
            return to_numpy(self.level.one_pass(self.inner.eval(), self._tensors(batch))[0])

    def params(self) -> Params:
        return self.level.our_names(self.inner.state_dict())

    def optimizer_state(self) -> Params:
        state: dict[str, dict[str, Any]] = {}
        for name, parameter in self.inner.named_parameters():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                if value is not None:
                    state.setdefault(key, {})[self.level.ours.get(name, name)] = value
        return flat_state({key: to_numpy_state(values) for key, values in state.items()})

    def load_optimizer_state(self, state: Params) -> None:
        import torch

        parameters = {self.level.ours.get(name, name): p for name, p in self.inner.named_parameters()}
        for flat, value in state.items():
            key, name = flat.split(".", 1)
            self.optimizer.state[parameters[name]][key] = torch.tensor(value, device=parameters[name].device)


def _require_grad(batch: dict[str, Tensor], inputs: tuple[str, ...]) -> None:
    for name in inputs:
        batch[name].requires_grad_(True)


def _input_grads(batch: dict[str, Tensor], inputs: tuple[str, ...]) -> Outputs:
    return to_numpy({name: grad for name in inputs if (grad := batch[name].grad) is not None})
