"""Adapters that turn a level's plain code into a `Level`, so that a chapter's `ladder.py` stays a declaration.

    NumpyLevel    a NumPy model: `params`, `grads`, `buffers`, `forward`, `backward`
    LowLevel      a function of a dict of leaf tensors
    ModuleLevel   an `nn.Module` with a torch optimizer: the paper level, and most references

Each adapter copies parameters in and results out; nothing that the caller holds is shared or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.ladder import Batch, Level, Params, Result, Trainer
from utils.training_utils import processes

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Outputs = dict[str, np.ndarray]


def float_dtype(params: Params) -> np.dtype:
    """The one floating dtype of `params`; raises ValueError when there are two or none."""
    found = {value.dtype for value in params.values() if np.issubdtype(value.dtype, np.floating)}
    if len(found) != 1:
        raise ValueError(f"parameters must have one floating dtype, got {sorted(map(str, found))}")
    return found.pop()


def cast_batch(batch: Batch, dtype: np.dtype) -> Batch:
    """The batch with its floating arrays in `dtype`; labels and masks keep theirs."""
    return {
        name: np.asarray(value, dtype) if np.issubdtype(value.dtype, np.floating) else value
        for name, value in batch.items()
    }


def load_arrays(target: Mapping[str, np.ndarray], source: Mapping[str, np.ndarray]) -> None:
    """Copy `source` into the arrays of `target`: the same names and shapes, or a ValueError that names the difference."""
    missing, unknown = sorted(target.keys() - source.keys()), sorted(source.keys() - target.keys())
    if missing or unknown:
        raise ValueError(f"parameters do not fit the model: missing {missing or 'none'}, unknown {unknown or 'none'}")
    for name, value in source.items():
        if target[name].shape != value.shape:
            raise ValueError(f"parameter {name} expected shape {target[name].shape}, got {value.shape}")
        target[name][...] = value


def flat_state(state: Mapping[str, Mapping[str, Any]]) -> Params:
    """{"exp_avg": {"weight": a}} -> {"exp_avg.weight": copy of a}."""
    return {f"{key}.{name}": np.array(value) for key, values in state.items() for name, value in values.items()}


# ---- NumPy ----

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


# ---- torch ----


def to_torch(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Copies, never views: an in-place update of one must not change the other."""
    import torch

    return {name: torch.tensor(value) for name, value in arrays.items()}


def to_numpy(tensors: Mapping[str, Tensor]) -> Params:
    return {name: np.array(value.detach().cpu().numpy()) for name, value in tensors.items()}


def _require_grad(batch: dict[str, Tensor], inputs: tuple[str, ...]) -> None:
    for name in inputs:
        batch[name].requires_grad_(True)


def _input_grads(batch: dict[str, Tensor], inputs: tuple[str, ...]) -> Outputs:
    return to_numpy({name: grad for name in inputs if (grad := batch[name].grad) is not None})


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


def to_numpy_state(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Optimizer state by parameter name, tensors and plain counters alike, as arrays."""
    return {n: np.array(v.detach().cpu().numpy() if hasattr(v, "detach") else v) for n, v in values.items()}


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
