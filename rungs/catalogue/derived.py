"""A solution made of definitions that a module of the chapter has already, so that they are written once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from rungs.reading.symbols import names_defined, source_of

FOR_THE_TYPE_CHECKER = re.compile(r"[ \t]*# pyright: ignore\S*$", re.M)


def derived_solution(stub: str, module: str, names: Sequence[str]) -> str:
    """The stub with definitions of the module in the place of its own.

    Args:
        stub: source of the stub.
        module: source of the module.
        names: of functions, classes and constants of the module, in the order of the solution.

    Returns: source with the stub's docstring, the imports that are used, the named definitions, and whatever else the
        stub defines.

    Raises:
        ValueError: the module does not define a name.
    """
    theirs = {name: source_of(node, module) for node in ast.parse(module).body for name in names_defined(node)}
    if missing := [name for name in names if name not in theirs]:
        raise ValueError(f"the module does not define {', '.join(missing)}")
    tree = ast.parse(stub)
    given = [node for node in tree.body if (own := names_defined(node)) and not {*own} & {*names}]
    body = [FOR_THE_TYPE_CHECKER.sub("", theirs[name]) for name in names] + [source_of(node, stub) for node in given]
    used = {node.id for node in ast.walk(ast.parse("\n".join(body))) if isinstance(node, ast.Name)}
    head = [source_of(tree.body[0], stub).rstrip()] if ast.get_docstring(tree) else []
    head += _imports((module, stub), used)
    return "\n\n\n".join(["\n\n".join(head), *(text.rstrip() for text in body)]) + "\n"


def _imports(sources: Iterable[str], used: set[str]) -> list[str]:
    """The imports of the sources, no more than is used and nothing twice, in the groups that blank lines make there."""
    groups: list[list[str]] = []
    wanted = set(used)
    for source in sources:
        end = -1
        for node in ast.parse(source).body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            if node.lineno > end + 1:
                groups.append([])
            end = node.end_lineno or node.lineno
            node.names = [alias for alias in node.names if (alias.asname or alias.name.split(".")[0]) in wanted]
            wanted -= {alias.asname or alias.name.split(".")[0] for alias in node.names}
            if node.names:
                groups[-1].append(ast.unparse(node))
    return ["\n".join(group) for group in groups if group]
