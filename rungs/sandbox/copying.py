"""The other side of `rungs.sandbox.warm`: loads libraries, and makes a copy of its process for each request.

Started as `python -P -m rungs.sandbox.copying <descriptor of a socket>`. The learner's code runs in the copies alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from pathlib import Path

from rungs.sandbox import child


def serve(channel: socket.socket) -> None:
    """Take one order after another, until the other end is closed."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, 65536, 2)
        if not data:
            return
        order = json.loads(data)
        with contextlib.suppress(Exception):  # what cannot be loaded is told by the copy, which needs it
            exec(order["imports"], {})
        if "request" not in order:
            continue
        copy = os.fork()
        if copy == 0:
            channel.close()
            _become(Path(order["request"]), order["folder"], *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(json.dumps({"pid": copy}).encode())
        _, status = os.waitpid(copy, 0)
        channel.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())


def _become(request: Path, folder: str, output: int, pipe: int) -> None:
    """In the copy: what `subprocess.Popen` does for a process that starts afresh, and then the work."""
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.chdir(folder)
        child.work(request, pipe)
    finally:  # never back into the loop
        os._exit(1)


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv.pop()))
    with contextlib.suppress(ConnectionError):
        serve(channel)


if __name__ == "__main__":
    main()
