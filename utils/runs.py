"""A training run in a folder: a log, checkpoints, and a resume that continues bit for bit.

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
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from utils.checkpoints import (
    CheckpointError,
    RunError,
    expect_identity,
    load_checkpoint,
    lock,
    save_checkpoint,
    write_atomic,
    write_json_atomic,
)
from utils.ladder import Params, Trainer
from utils.training_utils import Batches, check_finite

CHECKPOINT = "checkpoint.safetensors"


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
            saved = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"nothing to resume: there is no run in {self.folder}; start without --resume") from None
        except ValueError as error:
            raise RunError(
                f"run folder {self.folder}: run.json is damaged ({error}); start in another folder"
            ) from None
        expect_identity(saved, self.identity, f"the run in {self.folder}")
        if (self.folder / "results.json").exists():
            raise RunError(f"the run in {self.folder} is finished; its results are in results.json there")

    def _load(self) -> None:
        arrays, meta = load_checkpoint(self.folder / CHECKPOINT, expect=self.identity)
        self.params = group(arrays, "params")
        self.extra = group(arrays, "extra")
        self.step = meta["step"]
        self._arrays, self._meta = arrays, meta

    def _open_log(self) -> None:
        path, keep = self.folder / "log.jsonl", int(self._meta.get("log_bytes", 0))
        size = path.stat().st_size if path.exists() else 0
        if size < keep:
            raise CheckpointError(
                f"{path} has {size} bytes, but {keep} when the checkpoint of step {self.step} was written: it was cut or "
                f"replaced. Put it back, or start in another folder"
            )
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
        trainer.load_optimizer_state(group(self._arrays, "optimizer"))
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
        meta: dict[str, Any] = {"identity": self.identity, "step": self.step, "elapsed": self.elapsed, "generators": {}}
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

    def finish(self, **metrics: float) -> dict[str, float]:
        """Write the final metrics, and return them. A finished run is never written to again."""
        results = {name: float(value) for name, value in metrics.items()}
        if self.writes:
            write_json_atomic(
                self.folder / "results.json",
                {"metrics": results, "steps": self.step, "wall_time_s": round(self.elapsed, 3)},
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
    """The records of a run's log. A last line that a killed run left unfinished is not one."""
    lines = (Path(folder) / "log.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def group(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint whose names begin with "<prefix>.", by the rest of their names."""
    return {name.removeprefix(f"{prefix}."): a for name, a in arrays.items() if name.startswith(f"{prefix}.")}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
