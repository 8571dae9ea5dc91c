"""The command `rungs`: where it begins and how it ends. Which commands there are: `rungs.app`."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator

from utils.errors import BAD_INPUT, sentence

STOPPED = 128 + signal.SIGINT


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 a proof or run failed, 2 bad input, 128 and the signal's number
    when it was stopped."""
    given = sys.argv[1:] if argv is None else argv
    arguments = _mine_takes_a_file([argument for argument in given if argument != "--debug"])
    _print_what_the_terminal_has()
    signals: list[int] = []
    try:
        with _stopped_tidily(signals):
            status = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk can still be told
        if signals or status == STOPPED:  # the parser makes an exit status of Ctrl-C
            print("stopped", file=sys.stderr)
        return 128 + signals[0] if signals else status
    except BrokenPipeError:  # the reader closed the pager
        _drop_output()
        return 1
    except BaseException as error:
        told = _told(error)
        if told is None or "--debug" in given:
            raise
        text, status = told
        print(text, file=sys.stderr)
        _drop_output() if isinstance(error, OSError) else None
        return 128 + signals[0] if signals else status


def _told(error: BaseException) -> tuple[str, int] | None:
    """What the reader is told of an error, and the exit status; None for a fault of ours."""
    if type(error).__name__ == "Abort":  # the parser's, for Ctrl-C and for "no" to a question
        error = KeyboardInterrupt()
    if isinstance(error, KeyboardInterrupt):
        return "stopped", STOPPED
    if hasattr(error, "format_message"):  # a wrong option or argument, found by the parser
        command = getattr(getattr(error, "ctx", None), "command_path", "rungs")
        return f"error: {error.format_message()}\nSee {command} --help.", BAD_INPUT  # pyright: ignore
    told = sentence(error)
    return told and (f"error: {told[0]}", told[1])


def _print_what_the_terminal_has() -> None:
    """A character that the terminal does not have, or half of one, is printed as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """What could not be printed is not tried again when Python ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _stopped_tidily(signals: list[int]) -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, unless they are ignored, as under nohup; `signals` tells which came."""

    def stop(number: int, _: object) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    taken = []
    if threading.current_thread() is threading.main_thread():
        taken = [number for number in wanted if signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _run(arguments: list[str]) -> int:
    if arguments in ([], ["--json"]):  # the map comes without the parser, which takes longer to load than the map
        from rungs.map import show_map

        show_map(as_json=bool(arguments))
        return 0
    from rungs.app import app

    status = app(args=arguments, prog_name="rungs", standalone_mode=False)
    return status if isinstance(status, int) else 0


def _mine_takes_a_file(arguments: list[str]) -> list[str]:
    """`--mine FILE` as `--mine --file FILE`: an option whose value may be left out is not known to the parser."""
    expanded: list[str] = []
    for argument in arguments:
        if argument.startswith("--mine="):
            expanded += ["--mine", "--file", argument.removeprefix("--mine=")]
            continue
        if (
            expanded[-1:] == ["--mine"]
            and not argument.startswith("-")
            and (argument.endswith(".py") or "/" in argument)
        ):
            expanded.append("--file")
        expanded.append(argument)
    return expanded
