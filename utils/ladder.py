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
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from utils.chapters import ROOT, find_chapter, import_roots_named
from utils.parity.draws import random_like
from utils.parity.finding import Finding

Params = dict[str, np.ndarray]
"""The paper level's `state_dict` names and layouts, buffers included."""
Batch = dict[str, np.ndarray]
"""Inputs, targets, masks, and every random draw (dropout masks, eps, z, replay indices)."""
Load = Callable[[str], ModuleType]
"""Gives a module of a level by its name: ours, or what takes its place in a proof, a learner's file or a planted mistake.
Whatever is proved gets its modules this way, and imports none itself."""


@dataclass(frozen=True)
class Result:
    """What one forward and backward pass gives.

    A level that cannot give a part (a scikit-learn model has no gradients) leaves it empty and is compared on the rest.
    Where a step has several phases, `loss` is the sum of theirs; outputs, activations and input gradients have the phase
    before their name ("generator.logits"), with each loss among the outputs ("generator.loss").
    """

    outputs: dict[str, np.ndarray]  # logits, latents, ...
    loss: float
    grads: Params = field(default_factory=dict)  # d loss / d parameter of the phase that trains it
    input_grads: dict[str, np.ndarray] = field(default_factory=dict)  # d loss / d input, every continuous one
    activations: dict[str, np.ndarray] = field(default_factory=dict)  # by name, in the order of computation
    buffers: Params = field(default_factory=dict)  # what is not trained, as a pass in training mode leaves it


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
        """Every phase in turn: forward, backward, update. Returns the loss before the update, summed over the phases."""

    @abstractmethod
    def predict(self, batch: Batch) -> dict[str, np.ndarray]:
        """Outputs in evaluation mode, without loss and gradients: a batch of inputs alone will do."""

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
    trainable = False  # whether it can be started

    @abstractmethod
    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        """One pass forward and backward from `params`, which stay unchanged."""

    def start(self, params: Params, **options: Any) -> Trainer:
        """Begin training from a copy of `params`, with the chapter's own optimizer; `options` go to that optimizer."""
        raise TypeError(f"{type(self).__name__} can be run but not trained")

    def fresh(self, rng: np.random.Generator) -> Params:
        """Parameters and buffers as this level's own initialisation makes them, in float64."""
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
    """A NumPy layer: `forward` keeps what `backward` needs; `backward` adds to `grads` and returns the input's gradient.

    A layer of several outputs returns a tuple (a recurrent layer: outputs and last state), and its `backward` takes one.
    """

    params: dict[str, np.ndarray]
    grads: dict[str, np.ndarray]

    def forward(self, *inputs: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...


@dataclass(frozen=True)
class LayerCase:
    """A NumPy layer, loss or activation, with the torch operation that it must equal.

    `build` gets the modules, a generator and a floating dtype, and returns the layer, all of its parameters random and of
    that dtype, and its inputs in float64. Sizes are distinct, and never 1.
    `torch_op` gets the layer's parameters as a dict of tensors, then the inputs as tensors; it returns the output, a
    tuple where the layer does.
    `smooth=False` leaves out the central differences, for inputs on ties, kinks or extremes.
    """

    name: str
    build: Callable[[Load, np.random.Generator, Any], tuple[Any, tuple[Any, ...]]]
    torch_op: Callable[..., Any]
    smooth: bool = True


@dataclass(frozen=True)
class Check:
    """A proof that is a chapter's own: a closed form against scikit-learn, a parameter count against the paper.

    `run` gets the modules and a generator, and returns findings (see `utils.parity.compare`).
    """

    name: str
    run: Callable[[Load, np.random.Generator], list[Finding]]
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
    """What `rungs climb` trains on: embedded data, offline, the same batches and first weights at every level."""

    dataset: str  # "digits (1,797 images of 8x8, scikit-learn)"
    batches: Callable[[np.random.Generator, int], Iterator[Batch]]  # generator, number of steps; without the noise
    score: Callable[[Trainer, Batch], float]  # of the trainer on the test batch, or on whatever it plays
    metric: str  # "accuracy", "mean squared error"
    falls: bool = False  # a smaller score is a better one
    test: Callable[[], Batch] = dict
    sizes: dict[str, Any] = field(default_factory=dict)  # of the model, as in Ladder.level
    steps: int = 200
    options: dict[str, Any] = field(default_factory=dict)  # for the optimizer, as in Level.start
    schedule: Callable[[int], float] | None = None  # in place of the ladder's own, which may be made for the proofs


@dataclass(frozen=True)
class Bench:
    """Real sizes for `rungs bench`, in float32."""

    batch: Callable[[np.random.Generator], Batch]  # without the noise
    what: str  # "batch 64, 1x32x32"
    sizes: dict[str, Any] = field(default_factory=dict)  # of the model, as in Ladder.level
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)  # the paper level again, with options of `start`


def everything(name: str) -> bool:
    return True


@dataclass(frozen=True)
class Phase:
    """A part of a training step: a pass, and an update of the parameters that it trains. Most models have one phase, a
    game has one for each player. What no phase trains is a buffer: running statistics, a target network, a carried state."""

    name: str = ""
    trains: Callable[[str], bool] = everything  # by the parameter's name


def no_noise(rng: np.random.Generator, batch: Batch, **sizes: Any) -> Batch:
    return {}


@dataclass(frozen=True)
class Ladder:
    """One model at every level, and all that is claimed of it."""

    paper: str
    data: Callable[
        [np.random.Generator], Batch
    ]  # distinct prime sizes, none 1; a padded or masked case if there is one
    modules: dict[str, str]  # level -> name of its main module: {"numpy": "lenet_numpy", ...}
    builders: dict[str, Callable[[Ladder, Load, dict[str, Any]], Level]]  # level -> adapter, see `utils.levels`
    reference_builders: dict[str, Callable[[Ladder, Load, dict[str, Any]], Level]] = field(default_factory=dict)
    name: str = ""  # filled by load_ladders, as is the chapter
    chapter: str = ""
    sizes: dict[str, Any] = field(default_factory=dict)  # of the small model that is proved, for every level
    init: Callable[[np.random.Generator], Params] = None  # pyright: ignore  # everything random; None: `random_params`
    noise: Callable[..., Batch] = no_noise  # (rng, batch, **sizes) -> the random draws of a training step, as arrays
    batch_axes: Mapping[str, int] = field(default_factory=dict)  # where an array has its examples, if not along axis 0
    terms: Callable[[Batch], int] | None = None  # how many terms the loss is the mean of; None: one for each example
    inputs: tuple[str, ...] = ()  # continuous inputs, whose gradients are compared
    activations: tuple[str, ...] = ()  # sub-layers in order of computation; every level records what each returns
    phases: tuple[Phase, ...] = (Phase(),)  # of a training step
    schedule: Callable[[int], float] | None = None  # learning rate at step 0, 1, ... of `Level.train`
    zero_grad: frozenset[str] = frozenset()  # parameters whose gradient is zero by mathematics; asserted, not skipped
    unproved: Mapping[str, str] = field(
        default_factory=dict
    )  # "module" or "module.Class.method" -> why no proof runs it
    layers: tuple[LayerCase, ...] = ()
    checks: tuple[Check, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    scripts: tuple[Script, ...] = ()
    overfit: Overfit | None = None
    climb: Climb | None = None
    bench: Bench | None = None
    train_script: str = ""  # module of paper/ whose main(config, ...) trains this ladder

    def __post_init__(self) -> None:
        if self.init is None or getattr(self.init, "__func__", None) is Ladder.random_params:
            object.__setattr__(self, "init", self.random_params)  # of this ladder, also where it is a changed copy

    def level(self, name: str, *, load: Load = importlib.import_module, **sizes: Any) -> Level:
        """A level at sizes of one's own; those that are not given are the ladder's. `load`: where its modules come from."""
        return self.builders[name](self, load, self.sizes | sizes)

    def reference(self, name: str, **sizes: Any) -> Level:
        """A reference at sizes of one's own, as in `level`."""
        return self.reference_builders[name](self, importlib.import_module, self.sizes | sizes)

    @cached_property
    def levels(self) -> dict[str, Level]:
        """Our own levels by name, at the ladder's sizes."""
        return {name: self.level(name) for name in self.builders}

    @cached_property
    def references(self) -> dict[str, Level]:
        """The implementations of others by name, at the ladder's sizes."""
        return {name: self.reference(name) for name in self.reference_builders}

    def batch(self, rng: np.random.Generator) -> Batch:
        """A batch for the proofs: data, and the noise of a training step."""
        return self.noisy(rng, self.data(rng))

    def noisy(self, rng: np.random.Generator, batch: Batch, **sizes: Any) -> Batch:
        """The batch with the noise of a training step, at sizes of one's own as in `level`."""
        return batch | self.noise(rng, batch, **(self.sizes | sizes))

    @cached_property
    def _fresh(self) -> Params:
        return self.levels["paper"].fresh(np.random.default_rng(0))

    def random_params(self, rng: np.random.Generator) -> Params:
        """Every parameter and buffer of the paper level at random."""
        return random_like(self._fresh, rng)


def load_ladders(chapter: str) -> dict[str, Ladder]:
    """`LADDERS` of a chapter, named in any way `find_chapter` accepts: "03", "3", "lenet", "03_CNN_LeNet".

    Raises:
        KeyError: no such chapter; the message lists the chapters.
        FileNotFoundError: the chapter is planned, and has no ladder yet.
        ImportRootError: its modules are there, but not where Python looks; the message says what to run.
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
            with import_roots_named():
                spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        vars(module)["LADDERS"] = named(module.LADDERS, entry.id)
    return sys.modules[name].LADDERS


def named(ladders: Mapping[str, Ladder], chapter: str) -> dict[str, Ladder]:
    """The ladders with their names and their chapter filled in."""
    return {name: replace(ladder, name=name, chapter=chapter) for name, ladder in ladders.items()}
