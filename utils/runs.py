"""A training run in a folder: a log, checkpoints, and a resume that continues bit for bit on as many threads.

`utils.training_utils` shows how a training script uses it. A folder holds

    run.json                  what is trained: chapter, ladder, level, configuration
    log.jsonl, log.csv        one record per `Run.log`
    checkpoint.safetensors    parameters, optimizer state and batch order as arrays; the rest as JSON in the file's header
    results.json              the final metrics, once the run is finished

Each is first written beside its place and then renamed, so that a run killed at any moment leaves the last good one.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from utils.checkpoints import (
    CheckpointError,
    RunError,
    expect_identity,
    fitting,
    load_checkpoint,
    lock,
    read_identity,
    save_checkpoint,
)
from utils.files import write_atomic, write_json_atomic
from utils.ladder import Params, Trainer
from utils.receipts import threads
from utils.training_utils import Batches, check_finite

CHECKPOINT = "checkpoint.safetensors"


class _Position(BaseModel):
    """What a checkpoint says besides its arrays."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    step: int = Field(ge=0)
    elapsed: float = Field(ge=0)
    cpu: float | None = Field(None, ge=0)
    threads: int | None = Field(None, ge=1)
    log_bytes: int = Field(ge=0)
    generators: dict[str, Any]
    batches: dict[str, Any] | None = None


class Run:
    """One training run, to be used in a `with` statement.

    Args:
        folder: made if it is not there; one run at a time can use it.
        identity: what is trained, as JSON values: {"chapter": ..., "ladder": ..., "level": ..., "config": {...}}.
        rng: the generators of the run (`streams`, and torch generators); their states go into the checkpoints.
        resume: continue the run that is in the folder.
        writes: whether this process writes; when None, only the main one of several does.

    Attributes:
        step: optimizer steps taken.
        params: parameters of the checkpoint to continue from; None at the start of a run.
        extra: further arrays of that checkpoint (a replay memory).
    """

    def __init__(
        self,
        folder: Path | str,
        identity: Mapping[str, Any],
        *,
        rng: Mapping[str, Any],
        resume: bool = False,
        writes: bool | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.identity = json.loads(json.dumps(identity))  # tuples become lists, as they do in the file
        self.rng, self.resume = rng, resume
        self.writes = os.environ.get("RANK", "0") == "0" if writes is None else writes
        self.step = 0
        self.params: Params | None = None
        self.extra: dict[str, np.ndarray] = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._meta: dict[str, Any] = {}
        self._last_loss: float | None = None
        self._lock: IO[str] | None = None
        self._log: IO[str] | None = None

    def __enter__(self) -> Run:
        try:
            if self.writes:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._lock = lock(self.folder / "run.lock")
            self._open()
        except BaseException as error:
            self._close()
            if isinstance(error, OSError):
                raise RunError(f"run folder {self.folder} cannot be used: {error.strerror or error}") from error
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        if self._log is not None:
            export_csv(self.folder)
        self._close()

    def _open(self) -> None:
        if self.resume:
            self._check_identity()
            if (self.folder / CHECKPOINT).exists():
                self._load()
        elif self.writes:
            self._refuse_old_run()
            write_json_atomic(self.folder / "run.json", self.identity)
        self._start, self._before = time.monotonic(), float(self._meta.get("elapsed", 0.0))
        self._last_checkpoint = self._start
        self._cpu_start, self._cpu_before = time.process_time(), self._meta.get("cpu", 0.0 if not self._meta else None)
        if self.writes:
            for leftover in self.folder.glob(".*.tmp"):
                leftover.unlink()
            self._open_log()

    def _refuse_old_run(self) -> None:
        if not (self.folder / "run.json").exists():
            return
        finished = (self.folder / "results.json").exists()
        advice = "choose another folder or delete this one" + ("" if finished else ", or continue it with --resume")
        raise RunError(f"run folder {self.folder} holds {'a finished' if finished else 'an unfinished'} run: {advice}")

    def _check_identity(self) -> None:
        try:
            saved = read_identity(self.folder)
        except FileNotFoundError:
            raise RunError(f"nothing to resume: there is no run in {self.folder}; start without --resume") from None
        expect_identity(saved, self.identity, f"the run in {self.folder}")
        if (self.folder / "results.json").exists():
            raise RunError(f"the run in {self.folder} is finished; its results are in results.json there")

    def _load(self) -> None:
        arrays, meta = load_checkpoint(self.folder / CHECKPOINT, expect=self.identity)
        try:
            position = _Position.model_validate(meta)
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
            raise CheckpointError(f"checkpoint {self.folder / CHECKPOINT} is damaged: {wrong}") from None
        self.params = group(arrays, "params")
        self.extra = group(arrays, "extra")
        self.step = position.step
        self._arrays, self._meta = arrays, meta
        if position.threads not in (None, threads()):
            told = f"note: this run was trained with {position.threads} threads, and goes on with {threads()}"
            print(f"{told}: sums have another order, so that its last digits will differ", file=sys.stderr)

    def weights(self, start: Params) -> Params:
        """The parameters to train from: those of the checkpoint that is continued, or `start` in a new run.

        Raises:
            CheckpointError: the checkpoint's are not of this model: names, shapes or dtypes differ, or a value is not finite.
        """
        if self.params is None:
            return start
        return fitting(self.params, start, f"checkpoint {self.folder / CHECKPOINT}")

    def _open_log(self) -> None:
        path, keep = self.folder / "log.jsonl", self._meta.get("log_bytes", 0)
        size = path.stat().st_size if path.exists() else 0
        if size < keep:
            raise CheckpointError(
                f"{path} has {size} bytes, but {keep} when the checkpoint of step {self.step} was written: it was cut or "
                f"replaced. Put it back, or start in another folder"
            )
        if keep:
            read_log(self.folder)  # damaged, it is refused now and not after the training
        self._log = path.open("a", encoding="utf-8")
        self._log.truncate(keep)  # what was logged after the checkpoint will be logged again

    def _close(self) -> None:
        for handle in (self._log, self._lock):
            if handle is not None:
                handle.close()
        self._log = self._lock = None

    def restore(self, trainer: Trainer, batches: Batches | None = None) -> None:
        """Bring optimizer, batch order and generators to where the checkpoint left them. Call it last before the loop.

        All that the script drew from the generators before is drawn alike in a new and in a resumed run.
        """
        if self.params is None:
            return
        try:
            self._restore(trainer, batches)
        except (KeyError, ValueError, TypeError, IndexError, RuntimeError, AttributeError) as error:
            place = self.folder / CHECKPOINT
            raise CheckpointError(f"checkpoint {place} does not fit the code that continues it: {error!r}") from None

    def _restore(self, trainer: Trainer, batches: Batches | None) -> None:
        assert self.params is not None
        state = group(self._arrays, "optimizer")
        for name, array in state.items():
            param = self.params.get(name.partition(".")[2])
            if param is not None and array.ndim and array.shape != param.shape:
                raise ValueError(f"optimizer state {name} has shape {array.shape}, its parameter {param.shape}")
        trainer.load_optimizer_state(state)
        if batches is not None:
            batches.load_state(self._meta["batches"], self._arrays.get("batches.order"))
        for name, generator in self.rng.items():
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = self._meta["generators"][name]
            else:
                import torch

                generator.set_state(torch.tensor(self._arrays[f"generator.{name}"]))
        self._arrays = {}

    def took_step(self, loss: float, *, lr: float | None = None) -> float:
        """Count an optimizer step, and return its loss.

        Raises:
            NonFiniteLoss: the loss is infinite or no number.
        """
        check_finite(loss, step=self.step, lr=lr, last=self._last_loss)
        self._last_loss = loss
        self.step += 1
        return loss

    def log(self, **values: float | int | str) -> None:
        """Append a record to the log, with the number of steps taken."""
        for name, value in values.items():
            if not isinstance(value, str):
                check_finite(value, step=self.step, name=name)
        if self._log is not None:
            record = {"step": self.step, **{name: _plain(value) for name, value in values.items()}}
            self._log.write(json.dumps(record) + "\n")
            self._log.flush()

    def checkpoint(
        self,
        trainer: Trainer,
        batches: Batches | None = None,
        *,
        every: float = 0.0,
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Save everything that a resume needs, unless the last checkpoint is younger than `every` seconds."""
        if self._log is None or time.monotonic() - self._last_checkpoint < every:
            return
        arrays = {f"params.{name}": array for name, array in trainer.params().items()}
        arrays |= {f"optimizer.{name}": array for name, array in trainer.optimizer_state().items()}
        arrays |= {f"extra.{name}": array for name, array in (extra or {}).items()}
        meta: dict[str, Any] = {"identity": self.identity, "step": self.step, "elapsed": self.elapsed}
        meta |= {"cpu": self.cpu, "threads": threads(), "generators": {}}
        for name, generator in self.rng.items():
            if isinstance(generator, np.random.Generator):
                meta["generators"][name] = generator.bit_generator.state
            else:
                arrays[f"generator.{name}"] = generator.get_state().numpy()
        if batches is not None:
            meta["batches"], order = batches.state()
            if order is not None:
                arrays["batches.order"] = order
        try:
            os.fsync(self._log.fileno())  # the log first: it must never be shorter than the checkpoint says
            meta["log_bytes"] = (self.folder / "log.jsonl").stat().st_size
            save_checkpoint(self.folder / CHECKPOINT, arrays, meta)
        except OSError as error:
            raise RunError(
                f"the checkpoint of step {self.step} could not be written to {self.folder}: {error.strerror or error}. "
                f"The one before it is intact; free space and continue with --resume"
            ) from error
        self._last_checkpoint = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds of training, those before a resume included (up to the checkpoint)."""
        return self._before + time.monotonic() - self._start

    @property
    def cpu(self) -> float | None:
        """Seconds that all threads together computed, as `elapsed`; None where a part of the run did not count them."""
        return None if self._cpu_before is None else self._cpu_before + time.process_time() - self._cpu_start

    def finish(self, **metrics: float) -> dict[str, float]:
        """Write the final metrics, and return them. A finished run is never written to again."""
        results = {name: float(value) for name, value in metrics.items()}
        if self.writes:
            write_json_atomic(
                self.folder / "results.json",
                {
                    "metrics": results,
                    "steps": self.step,
                    "wall_time_s": round(self.elapsed, 3),
                    "cpu_time_s": None if self.cpu is None else round(self.cpu, 3),
                    "threads": threads(),
                },
            )
        return results


def saved_params(folder: Path | str, expect: Mapping[str, Any] | None = None) -> Params:
    """The parameters of a run's last checkpoint, for evaluation. `expect` is as in `load_checkpoint`."""
    return group(load_checkpoint(Path(folder) / CHECKPOINT, expect)[0], "params")


def export_csv(folder: Path) -> None:
    """Write log.jsonl as log.csv: a column per name, empty where a record has no such value."""
    records = read_log(folder)
    columns = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    write_atomic(Path(folder) / "log.csv", text.getvalue().encode("utf-8"))


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The records of a run's log. A last line that a killed run left unfinished is not one.

    Raises:
        RunError: a line is damaged.
    """
    path = Path(folder) / "log.jsonl"
    try:
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged ({error}); put it back, or start in another folder") from None
    if not all(isinstance(record, dict) for record in records):
        raise RunError(f"{path} is damaged (a line holds no names); put it back, or start in another folder")
    return records


def group(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint whose names begin with "<prefix>.", by the rest of their names."""
    return {name.removeprefix(f"{prefix}."): a for name, a in arrays.items() if name.startswith(f"{prefix}.")}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
