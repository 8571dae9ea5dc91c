"""The limited process: every way to end is told apart, and none hurts the caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rungs.sandbox import process
from rungs.sandbox.process import SandboxError, run_limited
from rungs.sandbox.warm import AVAILABLE, WarmProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX")

ON_LINUX = pytest.mark.skipif(not AVAILABLE, reason="elsewhere every run starts afresh")
NOTE = "from rungs.sandbox.child import note\nnote('counting')\n"


@pytest.fixture(params=["afresh", pytest.param("copied", marks=ON_LINUX)])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the body of a function `act()` in the limited process; its time begins when it notes something."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    warm = WarmProcess()

    def call(body: str, *, seconds: float = 30, memory_mb: int = 512):
        (tmp_path / "acts.py").write_text("def act():\n" + "".join(f"    {line}\n" for line in body.splitlines()))
        limits: dict[str, Any] = {"seconds": seconds, "memory_mb": memory_mb, "folder": tmp_path}
        return run_limited("acts:act", {}, **limits, warm=warm if request.param == "copied" else None)

    with warm:
        yield call


def test_result_and_output(run) -> None:
    outcome = run("import sys\nprint('hello ü')\nprint('err', file=sys.stderr)\nreturn {'a': [1, 2.5, None]}")
    assert (outcome.ending, outcome.result) == ("finished", {"a": [1, 2.5, None]})
    assert outcome.output == "hello ü\nerr\n"


def test_endless_loop(run) -> None:
    outcome = run(NOTE + "while True: pass", seconds=1)
    assert (outcome.ending, outcome.note) == ("timeout", "counting")
    assert "acts.py" in outcome.trace
    assert outcome.seconds < 30  # a busy machine may be slow to start it


def test_endless_loop_that_ignores_signals(run) -> None:
    ignore = "import signal\nfor s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)\n"
    assert run(ignore + NOTE + "while True: pass", seconds=1).ending == "timeout"


def test_loading_is_not_the_learners_time(run) -> None:
    load = "import time\ntime.sleep(4)\n"
    assert run(load + NOTE + "return 1", seconds=3).ending == "finished"
    assert run(NOTE + load + "return 1", seconds=1).ending == "timeout"


def test_loading_may_not_take_for_ever(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STARTUP", 1.0)
    assert run("while True: pass", seconds=1).ending == "timeout"


@pytest.mark.parametrize(
    ("body", "ending", "code", "signal"),
    [
        ("import os; os._exit(7)", "exited", 7, ""),
        ("import ctypes; ctypes.string_at(0)", "crashed", None, "SIGSEGV"),
        ("import os; os.abort()", "crashed", None, "SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "crashed", None, "SIGKILL"),
        ("while True: print('x' * 10000)", "flooded", None, ""),
    ],
)
def test_endings(run, body: str, ending: str, code: int | None, signal: str) -> None:
    outcome = run(body)
    assert (outcome.ending, outcome.code, outcome.signal) == (ending, code, signal)
    assert len(outcome.output) < 40_000


def test_long_output_keeps_both_ends(run) -> None:
    outcome = run("print('first'); print('x' * 200000); print('last')")
    assert outcome.output.startswith("first\n")
    assert outcome.output.endswith("last\n")
    assert "bytes left out" in outcome.output


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process ends instead")
def test_memory_limit_is_a_memory_error(run) -> None:
    outcome = run("try:\n    bytearray(2**30)\nexcept MemoryError:\n    return 'refused'", memory_mb=256)
    assert outcome.result == "refused"


def test_an_exception_is_the_engines_fault(run) -> None:
    with pytest.raises(SandboxError, match="ZeroDivisionError"):
        run("1 / 0")
    with pytest.raises(SandboxError, match="SystemExit"):
        run("raise SystemExit(0)")
    with pytest.raises(SandboxError, match="not JSON serializable"):
        run("return {1, 2}")


def test_nothing_is_left_running(run, tmp_path: Path) -> None:
    outcome = run("import subprocess\nreturn subprocess.Popen(['sleep', '60']).pid", seconds=40)
    assert outcome.seconds < 30
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{outcome.result}/stat").read_text().split()[2] if sys.platform == "linux" else ""
            os.kill(outcome.result, 0)
        except (ProcessLookupError, FileNotFoundError):
            return
        if state == "Z":  # ended, and waits for its parent to look
            return
        time.sleep(0.05)
    pytest.fail("the child's own child still runs")


PARENT = """
import sys
from rungs.sandbox.process import run_limited
from rungs.sandbox.warm import WarmProcess
with WarmProcess() as warm:
    run_limited("acts:act", {}, seconds=60, memory_mb=512, warm=warm if sys.argv[1:] == ["copied"] else None)
"""


@pytest.mark.parametrize("how", ["afresh", pytest.param("copied", marks=ON_LINUX)])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_killed_command_leaves_neither_process_nor_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    told = tmp_path / "pid"
    tell = f"open({str(told)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}}\\n')"
    (tmp_path / "acts.py").write_text(f"import os\ndef act():\n    {tell}\n    while True: pass\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(room))
    parent = subprocess.Popen([sys.executable, "-c", PARENT, how])
    assert _comes(lambda: told.exists() and told.read_text().endswith("\n"))
    assert list(room.iterdir())
    parent.send_signal(getattr(signal, name))
    parent.wait()
    assert _comes(lambda: not any(_runs(int(pid)) for pid in told.read_text().split()))  # nor the warm process
    assert _comes(lambda: not list(room.iterdir()))


def _comes(condition, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return sys.platform != "linux" or Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_computing_without_end_in_threads_is_limited_too(run, monkeypatch: pytest.MonkeyPatch) -> None:
    spin = "import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)"  # what the kernel sends when the limit is reached
    assert run(spin).ending == "timeout"
    limit = run("import resource\nreturn resource.getrlimit(resource.RLIMIT_CPU)[0]", seconds=3).result
    assert limit == 2 * (process.STARTUP + 3)


def test_ctrl_c_of_the_code_itself_is_no_interruption(run) -> None:
    said = run("from rungs.sandbox.child import is_ctrl_c\nreturn is_ctrl_c(KeyboardInterrupt())")
    assert said.result is False


def test_a_thread_left_behind_does_not_hold_the_result_up(run) -> None:
    outcome = run(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nreturn 1", seconds=40
    )
    assert (outcome.result, outcome.ending) == (1, "finished")
    assert outcome.seconds < 30


def test_input_is_empty_and_the_folder_is_the_learners(run, tmp_path: Path) -> None:
    outcome = run("import os\ntry:\n    input()\nexcept EOFError:\n    return os.getcwd()")
    assert outcome.result == str(tmp_path)


# ---- copies of a warm process ----


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs of act(x) in copies of one warm process that has the module `library` loaded, which says so in a file."""
    (tmp_path / "library.py").write_text("STATE = []\nopen('loaded', 'a').write('once ')\n")
    (tmp_path / "acts.py").write_text(
        "import os, library\ndef act(x):\n    library.STATE.append(x)\n"
        "    return [library.STATE, os.getpid(), os.getppid()] if x else os.kill(os.getppid(), 9)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with WarmProcess() as warm:
        yield lambda x: run_limited(
            "acts:act", {"x": x}, seconds=30, memory_mb=512, warm=warm, imports="import library"
        )


@ON_LINUX
def test_copies_load_libraries_once_and_share_nothing_else(copies, tmp_path: Path) -> None:
    first, second = copies(1).result, copies(2).result
    assert (tmp_path / "loaded").read_text() == "once "
    assert (first[0], second[0]) == ([1], [2])
    assert first[1] != second[1]
    assert first[2] == second[2]


@ON_LINUX
def test_a_warm_process_that_was_killed_starts_again(copies) -> None:
    copies(0)
    assert copies(2).result[0] == [2]


@ON_LINUX
def test_a_library_that_ends_the_process_or_is_not_there_does_not_hold_a_run_up(copies, tmp_path: Path) -> None:
    with WarmProcess() as warm:
        for imports in ("import os; os._exit(3)", "import nowhere"):
            assert run_limited("acts:act", {"x": 1}, seconds=30, memory_mb=512, warm=warm, imports=imports).result


@ON_LINUX
def test_a_warm_process_ends_with_its_block(copies) -> None:
    with WarmProcess() as warm:
        outcome = run_limited("acts:act", {"x": 1}, seconds=30, memory_mb=512, warm=warm)
        assert _runs(outcome.result[2])
    assert not _runs(outcome.result[2])
