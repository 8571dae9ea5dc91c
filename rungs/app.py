"""Which commands there are, and where each is found: a file named after it, loaded when its name is typed.

The file has a function of that name, whose docstring is the help, and an EXAMPLE, which ends it. Whatever takes long to
import is imported inside the function, since the help of all commands loads every file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from rungs.errors import RungsError
from rungs.options import Json

COMMANDS = {
    "climb": ("running", "Climb"),
    "verify": ("running", "Climb"),
    "train": ("running", "Climb"),
    "reproduce": ("running", "Climb"),
    "read": ("reading", "Climb"),
    "bench": ("running", "Climb"),
    "site": ("pages", "House"),
    "new": ("house", "House"),
    "doctor": ("house", "House"),
    "refresh": ("pages", "House"),
    "exercises": ("exercise", "Exercises"),
    "start": ("exercise", "Exercises"),
    "check": ("exercise", "Exercises"),
    "hint": ("exercise", "Exercises"),
    "solution": ("exercise", "Exercises"),
    "reset": ("exercise", "Exercises"),
    "watch": ("exercise", "Exercises"),
    "quiz": ("quiz", "Exercises"),
}
"""Command -> its package, and its panel in the help; in the order of the help."""


@cache
def load(name: str) -> typer.core.TyperCommand:
    """The command of that name, from its file.

    Raises:
        KeyError: there is none.
    """
    package, panel = COMMANDS[name]
    file = import_module(f"rungs.{package}.{name}")
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name, epilog=f"Example: {file.EXAMPLE}", rich_help_panel=panel)(getattr(file, name))
    command = typer.main.get_command(alone)
    assert isinstance(command, typer.core.TyperCommand)
    return command


class Commands(Mapping[str, typer.core.TyperCommand]):
    """Every command by name; looking one up loads it, naming them loads none."""

    def __getitem__(self, name: str) -> typer.core.TyperCommand:
        return load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Program(typer.core.TyperGroup):
    """`rungs`, with its commands on demand."""

    def __init__(self, **settings: Any) -> None:
        settings["commands"] = Commands()
        super().__init__(**settings)


app = typer.Typer(
    name="rungs",
    cls=Program,
    help="Every deep-learning model built at four rising levels, proved equal. Without a command: the map of the chapters.",
    epilog="Start here: rungs climb",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        print(f"rungs {version('rungs')}")
        raise typer.Exit()


@app.callback()
def begin(
    context: typer.Context,
    as_json: Json = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of every error; may stand anywhere.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:  # "rungs" and "rungs --json" never come here: see rungs.cli
        from rungs.map import show_map

        show_map(as_json=as_json)
    elif as_json:
        raise RungsError(f"put --json behind the command: rungs {context.invoked_subcommand} ... --json")
