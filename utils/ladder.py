"""The contract of a chapter: what its `ladder.py` declares, and how a chapter's ladders are loaded.

A *ladder* is one model at every level. `ladder.py` declares it; `utils.parity` compares the levels; pytest, `rungs verify`,
`rungs climb`, `rungs bench` and the site all go through that one engine.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from utils.chapters import ROOT, find_chapter

if TYPE_CHECKING:
    from utils.parity.finding import Finding

Params = dict[str, np.ndarray]
"""The paper level's `state_dict` names and layouts, buffers included."""
Batch = dict[str, np.ndarray]
"""Inputs, targets, masks, and every random draw (dropout masks, eps, z, replay indices)."""


@dataclass(frozen=True)
class Result:
    """What one forward and backward pass gives.

    A level that cannot give a part (a scikit-learn model has no gradients) leaves it empty and is compared on the rest.
    """

    outputs: dict[str, np.ndarray]  # logits, latents, ...
    loss: float
    grads: Params = field(default_factory=dict)  # d loss / d parameter, every trainable one
    input_grads: dict[str, np.ndarray] = field(default_factory=dict)  # d loss / d input, every continuous one
    activations: dict[str, np.ndarray] = field(
        default_factory=dict
    )  # named, in order of computation, alike at every level
    buffers: Params = field(default_factory=dict)  # running statistics after a training-mode pass


@dataclass(frozen=True)
class Trajectory:
    """What N optimizer steps give: the loss before each step, then the final parameters, buffers and optimizer state."""

    losses: list[float]
    params: Params
    optimizer_state: Params  # "momentum_buffer.linear.weight", ...


class Trainer(ABC):
    """A level in the middle of training. It owns copies of its parameters; it takes their dtype."""

    lr: float  # set by the training loop before a step, when there is a schedule

    @abstractmethod
    def step(self, batch: Batch) -> float:
        """Forward, backward, update; returns the loss before the update."""

    @abstractmethod
    def predict(self, batch: Batch) -> dict[str, np.ndarray]:
        """Outputs in evaluation mode, without gradients."""

    @abstractmethod
    def params(self) -> Params:
        """Copies of all parameters and buffers."""

    @abstractmethod
    def optimizer_state(self) -> Params:
        """Copies of what the optimizer remembers, as "<state name>.<parameter name>"."""

    @abstractmethod
    def load_optimizer_state(self, state: Params) -> None:
        """Continue from a state that `optimizer_state` gave."""


class Level(ABC):
    """One implementation of a ladder's model. `utils.levels` adapts plain code to it."""

    schedule: Callable[[int], float] | None = None  # learning rate at step 0, 1, ...; None keeps the optimizer's own

    @abstractmethod
    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        """One pass forward and backward from `params`, which stay unchanged."""

    def start(self, params: Params, **options: Any) -> Trainer:
        """Begin training from a copy of `params`, with the chapter's own optimizer; `options` go to that optimizer."""
        raise TypeError(f"{type(self).__name__} can be run but not trained")

    def fresh(self, rng: np.random.Generator) -> Params:
        """Parameters and buffers as this level's own initialisation makes them."""
        raise TypeError(f"{type(self).__name__} has no initialisation of its own")

    def train(self, params: Params, batches: Sequence[Batch]) -> Trajectory:
        """One optimizer step on each batch, with the chapter's own optimizer and schedule."""
        trainer = self.start(params)
        losses = []
        for step, batch in enumerate(batches):
            if self.schedule is not None:
                trainer.lr = self.schedule(step)
            losses.append(trainer.step(batch))
        return Trajectory(losses, trainer.params(), trainer.optimizer_state())


class Layer(Protocol):
    """A NumPy layer: `forward` keeps what `backward` needs; `backward` adds to `grads` and returns the input's gradient."""

    params: dict[str, np.ndarray]
    grads: dict[str, np.ndarray]

    def forward(self, *inputs: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...


@dataclass(frozen=True)
class LayerCase:
    """A NumPy layer, loss or activation, with the torch operation that it must equal.

    `build` gets the NumPy level's module (ours, or the learner's) and a generator, and returns the layer, all of its
    parameters random, and its inputs. Sizes are drawn too: distinct, and never 1.
    `torch_op` gets the layer's parameters as a dict of tensors, then the inputs as tensors; it returns the output.
    `smooth=False` leaves out the central differences, for inputs on ties, kinks or extremes.
    """

    name: str
    build: Callable[[ModuleType, np.random.Generator], tuple[Any, tuple[np.ndarray, ...]]]
    torch_op: Callable[..., Any]
    smooth: bool = True


@dataclass(frozen=True)
class Check:
    """A proof that is a chapter's own: a closed form against scikit-learn, a parameter count against the paper.

    `run` gets the modules of the levels by level name and a generator, and returns findings (see `utils.parity.compare`).
    """

    name: str
    run: Callable[[Mapping[str, ModuleType], np.random.Generator], list[Finding]]
    proof: str = "references"  # the proof that it belongs to, one of `utils.parity.report.PROOFS`


@dataclass(frozen=True)
class Mistake:
    """A planted fault: `find` in the source of `module` becomes `replace`; the suite must turn red and say `first`.

    `first` is how the report names the first divergence: "activation c3", "gradient c3.weight", "input gradient images",
    "loss at step 1", "parameter c3.weight", "optimizer state ...", "layer Conv2d", "check ...", "initialisation ...".
    """

    name: str
    level: str  # "numpy", "pytorch_lowlevel", "paper"
    find: str  # stands exactly once in the source
    replace: str
    first: str
    why: str  # the misconception, in a sentence for the reader
    module: str = ""  # the module to change; empty for the level's own


@dataclass(frozen=True)
class Deviation:
    """A place where we depart from the paper, or a reference from us."""

    what: str
    why: str
    test: str  # what pins it: "03_CNN_LeNet/numpy/test_lenet_numpy.py::test_name", or "check: name of a Check"


@dataclass(frozen=True)
class Script:
    """A script that must run to its end on a tiny setting, given an empty folder to write to."""

    name: str
    run: Callable[[Path], object]


@dataclass(frozen=True)
class Overfit:
    """One batch, trained on again and again from each level's own initialisation, must bring the loss down to `loss`."""

    steps: int
    loss: float
    options: dict[str, Any] = field(default_factory=dict)  # for the optimizer, as in Level.start


@dataclass(frozen=True)
class Climb:
    """What `rungs climb` trains on: embedded data, offline, the same batches at every level."""

    dataset: str  # "digits (1,797 images of 8x8, scikit-learn)"
    batches: Callable[[np.random.Generator, int], Iterator[Batch]]  # generator, number of steps
    test: Callable[[], Batch]
    metric: str  # "accuracy", "mean squared error"
    score: Callable[[dict[str, np.ndarray], Batch], float]  # outputs of the test batch, the test batch
    init: Callable[[np.random.Generator], Params]
    steps: int = 200
    options: dict[str, Any] = field(default_factory=dict)  # for the optimizer, as in Level.start
    schedule: Callable[[int], float] | None = None  # in place of the level's own, which may be made for the proofs


@dataclass(frozen=True)
class Bench:
    """Real sizes for `rungs bench`: float32 parameters and a batch."""

    init: Callable[[np.random.Generator], Params]
    batch: Callable[[np.random.Generator], Batch]
    what: str  # "batch 64, 1x32x32"
    variants: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # the paper level again, with options of its `start`


@dataclass(frozen=True)
class Ladder:
    """One model at every level, and all that is claimed of it."""

    name: str
    chapter: str
    paper: str
    init: Callable[
        [np.random.Generator], Params
    ]  # every parameter and buffer random, biases and norm scales too; float64
    batch: Callable[
        [np.random.Generator], Batch
    ]  # distinct prime sizes, none 1; a padded or masked case where there is one
    modules: dict[str, str]  # level -> name of its module: {"numpy": "lenet_numpy", ...}
    builders: dict[str, Callable[[ModuleType], Level]]  # level -> builder, given that module or the learner's
    references: dict[str, Level]
    activations: tuple[str, ...] = ()  # in order of computation; every level records each of them
    zero_grad: frozenset[str] = frozenset()  # parameters whose gradient is zero by mathematics; asserted, not skipped
    layers: tuple[LayerCase, ...] = ()
    checks: tuple[Check, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    scripts: tuple[Script, ...] = ()
    overfit: Overfit | None = None
    climb: Climb | None = None
    bench: Bench | None = None
    train_script: str = ""  # module of paper/ whose main(config, ...) trains this ladder

    @cached_property
    def levels(self) -> dict[str, Level]:
        """Our own levels, by name."""
        return {level: self.builders[level](importlib.import_module(name)) for level, name in self.modules.items()}


def load_ladders(chapter: str) -> dict[str, Ladder]:
    """`LADDERS` of a chapter, named in any way `find_chapter` accepts: "03", "3", "lenet", "03_CNN_LeNet".

    Raises:
        KeyError: no such chapter; the message lists the chapters.
        FileNotFoundError: the chapter is planned, and has no ladder yet.
    """
    entry = find_chapter(chapter)
    path = ROOT / entry.folder / "ladder.py"
    if not path.exists():
        raise FileNotFoundError(f"chapter {entry.id} {entry.title} is planned: it has no ladder yet")
    name = f"rungs_ladder_{entry.id}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name].LADDERS
