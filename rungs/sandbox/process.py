"""Run a function on untrusted-by-accident code: in a process of its own, with a time and a memory limit, its output captured.

The learner's file may loop for ever, call `exit()`, fork, crash the interpreter or print without end. None of that may hurt the
checker, and each must be told apart. This guards against accidents; it is no defence against somebody who means harm.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rungs.sandbox.warm import Copy, WarmProcess

MAX_PRINTED = 16 * 2**20
"""Bytes of output after which the process is stopped."""
KEPT = 16 * 2**10
"""Bytes kept from the beginning of the output, and from its end."""
LIGHT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MPLBACKEND": "Agg"}


def environment() -> dict[str, str]:
    """The environment variables of a limited process."""
    return {**os.environ, **LIGHT, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


class SandboxError(Exception):
    """The function itself failed: a fault of Rungs or of an exercise, not of the learner. Holds the traceback."""


@dataclass(frozen=True)
class Outcome:
    """How a limited run ended."""

    ending: str  # "finished", "timeout", "memory", "flooded" (printed too much), "exited", "crashed"
    result: Any  # what the function returned, if it finished
    code: int | None  # exit status, where the process ended by itself
    signal: str  # "SIGSEGV", where a signal ended it
    output: str  # what was printed; the middle is left out where it is long
    note: str  # what was being done last, as told by `rungs.sandbox.child.note`
    trace: str  # where the process stood when it ran out of time or crashed
    seconds: float


STARTUP = 30.0
"""Seconds that the interpreter and the libraries may take to load, on a busy machine, before the learner's time begins."""


class _Output:
    """Reads a pipe to its end, keeps the first and last bytes, and stops the process when it prints without end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.pipe = pipe
        self.head, self.tail, self.total = b"", b"", 0
        self.flooded = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            while data := os.read(self.pipe.fileno(), 65536):
                self.total += len(data)
                room = KEPT - len(self.head)
                self.head += data[: max(room, 0)]
                self.tail = (self.tail + data[max(room, 0) :])[-KEPT:]
                if self.total > MAX_PRINTED:
                    self.flooded.set()

    def text(self) -> str:
        left_out = self.total - len(self.head) - len(self.tail)
        middle = f"\n... {left_out:,} bytes left out ...\n".encode() if left_out > 0 else b""
        return (self.head + middle + self.tail).decode("utf-8", "replace")


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace") if path.exists() else ""


def _ask_for_trace(process: subprocess.Popen | Copy, file: Path, patience: float = 3.0) -> None:
    """Let the process write where it stands, and wait until it has; code that has taken the signal for itself loses it."""
    if not hasattr(signal, "SIGUSR1"):  # Windows: the child writes its trace shortly before its time is up
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGUSR1)
    end = time.monotonic() + patience
    while process.poll() is None and not _text(file).endswith("\n") and time.monotonic() < end:
        time.sleep(0.02)


def _stop(process: subprocess.Popen | Copy) -> None:
    """End the process and whatever it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _start(request: Path, folder: Path | None, pipe: int | None) -> subprocess.Popen:
    """A process of its own at work on a request, see `rungs.sandbox.child.work`."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "rungs.sandbox.child", str(request), "" if pipe is None else str(pipe)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment(),
        start_new_session=True,
        pass_fds=() if pipe is None else (pipe,),
    )


def run_limited(
    target: str,
    arguments: dict[str, Any],
    *,
    seconds: float,
    memory_mb: int,
    folder: Path | None = None,
    tell: Callable[[str], None] = lambda what: None,
    warm: WarmProcess | None = None,
    imports: str = "",
) -> Outcome:
    """Call `target` ("module:function") with JSON `arguments` in a limited process and return its JSON result.

    Args:
        seconds: wall-clock limit, from the first `rungs.sandbox.child.note` of the function: what it does before, loading
            libraries and the like, is not the learner's time (and has `STARTUP` seconds more).
        memory_mb: limit on the memory that the process may allocate.
        folder: its working directory.
        tell: called now and then with what is being done, as told by `rungs.sandbox.child.note`.
        warm: copied, instead of starting a process afresh.
        imports: the import statements of what the copy has loaded.

    Raises:
        SandboxError: the function raised an exception of its own.
    """
    with tempfile.TemporaryDirectory(prefix="rungs-", ignore_cleanup_errors=True) as name:
        room = Path(name)
        request = room / "request.json"
        theirs, ours = os.pipe() if hasattr(os, "fork") else (None, None)  # closed by our end, it ends the child
        wanted = {
            "target": target,
            "arguments": arguments,
            "seconds": seconds,
            "cpu_seconds": math.ceil(2 * (STARTUP + seconds)),
            "memory_mb": memory_mb,
        }
        request.write_text(json.dumps(wanted), encoding="utf-8")
        copy = None if warm is None or theirs is None else warm.start(request, imports, folder, theirs)
        process = copy or _start(request, folder, theirs)
        begin = time.monotonic()
        assert process.stdout is not None
        output = _Output(process.stdout)
        stopped, until, doing = "", begin + STARTUP + seconds, ""
        try:
            while process.poll() is None and not stopped:
                if doing:
                    until = min(until, time.monotonic() + seconds)
                if output.flooded.is_set():
                    stopped = "flooded"
                elif time.monotonic() > until:
                    stopped = "timeout"
                else:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.05)
                    doing = _text(room / "note").strip()
                    tell(doing)
            if stopped == "timeout":
                _ask_for_trace(process, room / "trace")
        finally:  # also when the learner presses Ctrl-C
            _stop(process)
            code = process.wait()
            for end in (theirs, ours):
                os.close(end) if end is not None else None
            output.thread.join(1.0)
            process.stdout.close() if not output.thread.is_alive() else None
        answer = room / "answer.json"
        told = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}
        if "error" in told:
            raise SandboxError(told["error"])
        by_signal = signal.Signals(-code).name if code < 0 and not stopped else ""
        if "result" in told:
            ending = "finished"
        elif stopped:
            ending = stopped
        elif by_signal == "SIGXCPU":
            ending = "timeout"
        elif code == 137:
            ending = "memory"
        elif by_signal:
            ending = "crashed"
        else:
            ending = "exited"
        return Outcome(
            ending=ending,
            result=told.get("result"),
            code=code if code >= 0 else None,
            signal=by_signal,
            output=output.text(),
            note=_text(room / "note").strip(),
            trace=_text(room / "trace"),
            seconds=time.monotonic() - begin,
        )
