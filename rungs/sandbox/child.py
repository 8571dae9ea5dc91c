"""The other side of `rungs.sandbox.process`: what runs in the limited process.

Started as `python -P -m rungs.sandbox.child <request file> <pipe>`, or in a copy of `rungs.sandbox.copying`. Standard
library only, so that the limits hold before anything else loads.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

_note_file: int | None = None


def note(text: str) -> None:
    """Remember what is being done, for the parent to tell should this process be stopped. Does nothing elsewhere."""
    if _note_file is not None:
        data = text.encode("utf-8", "replace")[:1000]
        with contextlib.suppress(OSError):  # the learner's code may have closed it
            os.pwrite(_note_file, data.ljust(1000), 0) if hasattr(os, "pwrite") else None


def limit_memory(megabytes: int) -> None:
    """Refuse more than this many megabytes: a `MemoryError` on Linux, the end of the process elsewhere."""
    try:
        import resource
    except ImportError:  # Windows: only the time limit holds
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = megabytes * 2**20
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
        return

    def watch() -> None:
        while True:
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > size:  # bytes on macOS
                os._exit(137)
            time.sleep(0.1)

    threading.Thread(target=watch, daemon=True).start()


def is_ctrl_c(error: BaseException) -> bool:
    """Whether somebody pressed Ctrl-C. It never reaches the limited process: there the code itself raised the error."""
    return isinstance(error, KeyboardInterrupt) and _note_file is None


def limit_cpu(seconds: int) -> None:
    """End this process, and each that it starts, after so many seconds of computing."""
    with contextlib.suppress(ImportError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        limit = seconds if most == resource.RLIM_INFINITY else min(seconds, most)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))


def end_with_parent(pipe: int, folder: Path) -> None:
    """Leave a watcher behind that ends this process group, and takes the folder away, when the parent is gone.

    Args:
        pipe: the parent holds the other end, so that reading comes to its end when the parent does, however it ends.

    The watcher is a grandchild, which code that waits for its children does not meet; the parent ends it with the group.
    """
    if os.fork():
        os.wait()
        os.close(pipe)
        return
    if os.fork():
        os._exit(0)
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    os.read(pipe, 1)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def work(file: Path, pipe: int | None) -> None:
    """Do what the request in a file says, write the answer beside it, and end this process.

    Args:
        pipe: see `end_with_parent`; None where there is no fork.
    """
    global _note_file
    request, folder = json.loads(file.read_text(encoding="utf-8")), file.parent
    if pipe is not None:
        end_with_parent(pipe, folder)
    limit_cpu(request["cpu_seconds"])
    file.unlink()
    limit_memory(request["memory_mb"])
    with (folder / "trace").open("w") as trace:
        faulthandler.enable(trace)
        if hasattr(faulthandler, "register"):
            faulthandler.register(signal.SIGUSR1, file=trace, all_threads=False)  # when the parent's patience is over
        else:
            faulthandler.dump_traceback_later(max(0.2, request["seconds"] - 0.3), file=trace)
        _note_file = os.open(folder / "note", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            module, function = request["target"].split(":")
            result = getattr(importlib.import_module(module), function)(**request["arguments"])
            answer = json.dumps({"result": result})
        except BaseException:
            answer = json.dumps({"error": traceback.format_exc()})
        (folder / "answer.part").write_text(answer, encoding="utf-8")
        (folder / "answer.part").replace(folder / "answer.json")
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(0)  # threads that the learner's code left behind do not hold the result up


def main() -> None:
    file, pipe = sys.argv[1:]
    del sys.argv[1:]  # what runs here has no business with the request, nor with where the answer goes
    work(Path(file), int(pipe) if pipe else None)


if __name__ == "__main__":
    # `note` must be found in the module that everyone else imports, not in `__main__`.
    from rungs.sandbox import child

    child.main()
