"""The command `rungs`: where it begins and how it ends. Which commands there are: `rungs.app`."""

from __future__ import annotations

import sys

from rungs.errors import exit_code


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 a proof or run failed, 2 bad input, 130 interrupted."""
    given = sys.argv[1:] if argv is None else argv
    arguments = _mine_takes_a_file([argument for argument in given if argument != "--debug"])
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader closed the pager
        sys.stderr.close()
        return 1
    except Exception as error:
        if type(error).__name__ == "Abort":  # "no" to a question
            print("stopped", file=sys.stderr)
            return 130
        if hasattr(error, "format_message"):  # a wrong option or argument, found by the parser
            command = getattr(getattr(error, "ctx", None), "command_path", "rungs")
            print(f"error: {error.format_message()}\nSee {command} --help.", file=sys.stderr)  # pyright: ignore
            return 2
        code = exit_code(error)
        if code is None or "--debug" in given:
            raise
        print(f"error: {error}", file=sys.stderr)
        return code


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
