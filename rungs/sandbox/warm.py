"""A process that has libraries loaded and copies itself for every run, so that several runs load them once.

Each copy has the limits, the folder and the end of a process that `run_limited` starts afresh. On Linux alone: elsewhere
the copy of a process that has loaded torch may crash, and every run starts afresh.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

AVAILABLE = sys.platform == "linux"


class Copy:
    """A copy at work: as much of `subprocess.Popen` as `run_limited` needs."""

    def __init__(self, pid: int, channel: socket.socket, stdout: IO[bytes]) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None
        self._channel = channel

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._channel], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("copy", timeout or 0)
            told = json.loads(self._channel.recv(4096) or b"{}")
            self.returncode = int(told.get("code", -signal.SIGKILL))
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class WarmProcess:
    """Starts when it is first needed, again if it has ended, and ends with the block or with this process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._channel: socket.socket | None = None

    def __enter__(self) -> WarmProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, imports: str) -> None:
        """Begin to load libraries, without waiting for them.

        Args:
            imports: import statements.
        """
        if AVAILABLE:
            self._send({"imports": imports}, [])

    def start(self, request: Path, imports: str, folder: Path | None, pipe: int) -> Copy | None:
        """A copy that has `imports` loaded and works on a request, see `rungs.sandbox.child.work`.

        Args:
            pipe: closed at its other end, it ends the copy.

        Returns: None where there can be none, or where the libraries have ended the process that loaded them.
        """
        if not AVAILABLE:
            return None
        output, theirs = os.pipe()
        order = {"imports": imports, "request": str(request), "folder": str(folder or Path.cwd())}
        try:
            channel = self._send(order, [theirs, pipe])
            told = json.loads(channel.recv(4096) or b"{}")
        except BaseException:  # Ctrl-C too: the next order would get the answer to this one
            os.close(output)
            self.close()
            raise
        finally:
            os.close(theirs)
        if "pid" not in told:
            os.close(output)
            self.close()
            return None
        return Copy(told["pid"], channel, os.fdopen(output, "rb"))

    def close(self) -> None:
        if self._process is not None and self._channel is not None:
            self._channel.close()
            self._process.kill()
            self._process.wait()
        self._process = self._channel = None

    def _send(self, order: dict[str, Any], descriptors: list[int]) -> socket.socket:
        if self._process is None or self._channel is None or self._process.poll() is not None:
            self.close()
            self._process, self._channel = _launch()
        socket.send_fds(self._channel, [json.dumps(order).encode()], descriptors)
        return self._channel


def _launch() -> tuple[subprocess.Popen, socket.socket]:
    from rungs.sandbox.process import environment

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # a message is received as it was sent
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rungs.sandbox.copying", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
            pass_fds=(theirs.fileno(),),
        )
    return process, ours
