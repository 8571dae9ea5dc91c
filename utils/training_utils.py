"""Helpers of a training script. The loop itself is written out in each chapter's `paper/train_*.py`, like this:

    def main(config: LeNetConfig, folder: Path, *, level: str = "paper", resume: bool = False) -> dict[str, float]:
        rng = streams(config.seed, "init", "data", "noise")
        identity = {"chapter": "03", "ladder": "lenet5", "level": level, "config": config.model_dump(mode="json")}
        train, test = load_dataset(config.dataset, "train"), load_dataset(config.dataset, "test")
        batches = Batches(prepare(train), config.batch_size, rng["data"])

        with Run(folder, identity, rng=rng, resume=resume) as run:
            implementation = load_ladders("03")["lenet5"].level(level, **sizes)
            trainer = implementation.start(run.weights(implementation.fresh(rng["init"])), lr=config.lr)
            run.restore(trainer, batches)  # does nothing in a new run

            while batches.epoch < config.epochs:
                for batch in batches:  # the rest of this epoch
                    trainer.lr = schedule(run.step)
                    loss = run.took_step(trainer.step(batch), lr=trainer.lr)
                    if run.step % 100 == 0:
                        run.log(loss=loss, lr=trainer.lr)
                    run.checkpoint(trainer, batches, every=60)
                run.log(epoch=batches.epoch, test_error=error(trainer, test))
                run.checkpoint(trainer, batches)
            return run.finish(test_error=error(trainer, test))

Killed at any moment and started again with `resume=True`, it ends with the same weights and the same log, bit for bit,
as long as all randomness comes from `rng` and from nowhere else, on the same machine with the same number of threads.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from utils.errors import FAILED, ReaderError

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
Batch = dict[str, np.ndarray]


class NonFiniteLoss(ReaderError, ArithmeticError):  # noqa: N818 - it says what happened
    """Training has diverged: the loss, or another logged value, is infinite or no number."""

    code = FAILED


# Randomness


def streams(seed: int, *names: str) -> dict[str, np.random.Generator]:
    """Independent generators by name. A stream depends on `seed` and on its own name alone, not on the other streams.

    So dropout from "noise" changes neither the initial weights from "init" nor the batch order from "data".
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"a seed is a whole number from 0 on, got {seed!r}")
    if len(set(names)) != len(names):
        raise ValueError(f"each stream needs a name of its own, got {', '.join(names)}")
    # The spawn key is what SeedSequence.spawn counts up; here it is the name.
    return {
        name: np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed), spawn_key=tuple(name.encode()))))
        for name in names
    }


def torch_generator(rng: np.random.Generator, device: str = "cpu") -> torch.Generator:
    """A torch generator, seeded by one draw from `rng`."""
    import torch

    return torch.Generator(device).manual_seed(int(rng.integers(2**63)))


# Batches


class Batches:
    """Shuffled batches of arrays, epoch after epoch, which can stop and continue anywhere.

    `for batch in batches` gives the rest of the current epoch, and then counts `epoch` up. `position` is the number of
    examples of the epoch that were given out.

    Args:
        arrays: equal length along axis 0.
        batch_size: examples per batch; the last one of an epoch is smaller if it does not divide.
        rng: draws the order of each epoch when the epoch begins.
        drop_last: leave out a last batch that is smaller.
        shuffle: otherwise every epoch has the order of the arrays.

    Raises:
        ValueError: no arrays, no examples, unequal lengths, batch size below 1 or above what `drop_last` allows.
    """

    def __init__(
        self,
        arrays: Mapping[str, np.ndarray],
        batch_size: int,
        rng: np.random.Generator,
        *,
        drop_last: bool = False,
        shuffle: bool = True,
    ) -> None:
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"batches expect arrays of equal length along axis 0, got {lengths or 'none'}")
        self.count = next(iter(lengths.values()))
        if self.count == 0:
            raise ValueError(f"batches expect at least one example, got arrays of length 0: {', '.join(lengths)}")
        if batch_size < 1 or (drop_last and batch_size > self.count):
            raise ValueError(f"batch size must lie in 1..{self.count}, got {batch_size}")
        self.arrays, self.batch_size, self.rng, self.shuffle = dict(arrays), batch_size, rng, shuffle
        self.used = self.count - self.count % batch_size if drop_last else self.count
        self.epoch, self.position = 0, 0
        self.order: np.ndarray | None = None

    def __len__(self) -> int:
        """Batches in a whole epoch."""
        return math.ceil(self.used / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if self.order is None:
            self.order = self.rng.permutation(self.count) if self.shuffle else np.arange(self.count)
        while self.position < self.used:
            rows = self.order[self.position : min(self.position + self.batch_size, self.used)]
            self.position += len(rows)  # before the batch is given out: a checkpoint comes after its step
            yield {name: array[rows] for name, array in self.arrays.items()}
        self.epoch, self.position, self.order = self.epoch + 1, 0, None

    def state(self) -> tuple[dict[str, int], np.ndarray | None]:
        """Epoch and position, and the order of an epoch that has begun."""
        return {"epoch": self.epoch, "position": self.position, "count": self.count}, self.order

    def load_state(self, state: Mapping[str, int], order: np.ndarray | None) -> None:
        if state["count"] != self.count:
            raise ValueError(f"the batches to continue had {state['count']} examples, these have {self.count}")
        epoch, position = state["epoch"], state["position"]
        if not (isinstance(epoch, int) and epoch >= 0 and isinstance(position, int) and 0 <= position <= self.count):
            raise ValueError(f"the batches to continue stand at epoch {epoch}, example {position} of {self.count}")
        if order is not None and not np.array_equal(np.sort(order), np.arange(self.count)):
            raise ValueError(f"the order of the batches to continue is none of {self.count} examples")
        self.epoch, self.position, self.order = epoch, position, order


def batches(
    arrays: Mapping[str, np.ndarray], batch_size: int, rng: np.random.Generator, *, drop_last: bool = False
) -> Iterator[Batch]:
    """One epoch of shuffled batches."""
    return iter(Batches(arrays, batch_size, rng, drop_last=drop_last))


def in_chunks(arrays: Mapping[str, np.ndarray], size: int) -> Iterator[Batch]:
    """The arrays in order, cut along axis 0: for predictions on a test set that is too large for one pass."""
    count = len(next(iter(arrays.values())))
    for start in range(0, count, size):
        yield {name: array[start : start + size] for name, array in arrays.items()}


# Watching


def check_finite(
    value: float, *, step: int, name: str = "loss", lr: float | None = None, last: float | None = None
) -> None:
    """Stop a run that has diverged.

    Raises:
        NonFiniteLoss: `value` is infinite or no number; the message has the step, the learning rate and what to try.
    """
    if math.isfinite(value):
        return
    rate = "" if lr is None else f" with learning rate {lr:g}"
    before = "" if last is None else f"; the loss before was {last:.6g}"
    advice = "A lower learning rate, warm-up or gradient clipping may help"
    if last is None:
        advice = "Nothing was learned before it: look at the inputs, the targets and the initial weights first"
    raise NonFiniteLoss(f"{name} is {float(value)} after {step} steps{rate}{before}. {advice}")


def progress(
    items: Iterable[T], description: str, *, total: int | None = None, after: float = 2.0, force: bool = False
) -> Iterator[T]:
    """Pass `items` on, with a progress bar on stderr for what takes longer than `after` seconds.

    Without a terminal there is no bar, unless `force` is set.
    """
    if not (force or sys.stderr.isatty()):
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    if total is None and isinstance(items, Sized):
        total = len(items)
    begin, bar, task = time.monotonic(), None, None
    try:
        for done, item in enumerate(items):
            if bar is None and time.monotonic() - begin >= after:
                bar = Progress(console=Console(stderr=True, force_terminal=force or None), transient=True)
                task = bar.add_task(description, total=total)
                bar.start()
            if bar is not None and task is not None:
                bar.update(task, completed=done)
            yield item
    finally:
        if bar is not None:
            bar.stop()


# Several processes


class Processes:
    """The processes that train together; this class is the case of a single one.

    All of them draw the same batches from the same seed, each trains on its `shard`, and the gradients are averaged:
    the step is that of one process with the whole batch.
    """

    rank = 0
    world_size = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def prepare(self, model: Any, optimizers: list[Any]) -> tuple[Any, list[Any]]:
        """Model and optimizers that average gradients over all processes; batch normalisation sees the whole batch."""
        return model, optimizers

    def shard(self, batch: Batch, axes: Mapping[str, int] | None = None) -> Batch:
        """This process's part of a batch; single numbers stay whole. Parts differ by one example at most.

        Args:
            axes: along which axis an array has its examples, where that is not the first.

        Raises:
            ValueError: the arrays differ in how many examples they have, or there are fewer than processes.
        """
        if self.world_size == 1:
            return batch
        along = {name: (axes or {}).get(name, 0) for name, array in batch.items() if array.ndim}
        counts = {name: batch[name].shape[axis] for name, axis in along.items()}
        if len(set(counts.values())) != 1:
            raise ValueError(
                f"a batch for {self.world_size} processes is divided by examples, and its arrays differ in how many they "
                f"have: {', '.join(f'{name} {count}' for name, count in counts.items())}; the ladder's `batch_axes` "
                f"says which axis that is"
            )
        count = next(iter(counts.values()))
        if count < self.world_size:
            raise ValueError(
                f"a batch of {count} cannot be divided over {self.world_size} processes: choose a larger batch size"
            )
        rows = range(self.rank * count // self.world_size, (self.rank + 1) * count // self.world_size)
        return batch | {name: batch[name].take(rows, axis) for name, axis in along.items()}

    def mean(self, value: float) -> float:
        """The mean of a number over all processes."""
        return value

    def wait(self) -> None:
        """Return when all processes have come here."""


class _AccelerateProcesses(Processes):
    def __init__(self) -> None:
        import torch
        from accelerate import Accelerator

        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.rank, self.world_size = self.accelerator.process_index, self.accelerator.num_processes

    def prepare(self, model: Any, optimizers: list[Any]) -> tuple[Any, list[Any]]:
        from utils.batch_statistics import normalise_together

        normalise_together(model)
        model, *prepared = self.accelerator.prepare(model, *optimizers)
        return model, prepared

    def mean(self, value: float) -> float:
        import torch

        tensor = torch.tensor(value, dtype=torch.float64, device=self.accelerator.device)
        reduced: Any = self.accelerator.reduce(tensor, reduction="mean")
        return float(reduced)

    def wait(self) -> None:
        self.accelerator.wait_for_everyone()


def processes() -> Processes:
    """The processes of this run: one, or as many as `torchrun --nproc-per-node N` or `accelerate launch` started.

    `accelerate launch` starts several for several GPUs; with `--cpu` it starts one, so on CPUs use torchrun. A training
    script needs no change: `Run` writes in the main process alone, and the paper level's trainer averages gradients.
    """
    return _AccelerateProcesses() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Processes()
