"""The import roots where they are listed: in pyproject.toml, and in the file by which this checkout is installed.

The editable install puts that file into site-packages (`_rungs.pth`), with a line for each entry of `dev-mode-dirs`. A folder
that is added to it is found at once; the next installation writes the same lines from pyproject.toml.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rungs.errors import RungsError
from utils.chapters import ROOT, all_chapters, import_roots

LISTS = ("dev-mode-dirs", "extraPaths")
"""The two lists of pyproject.toml: of the editable install, and of pyright."""


def renewed(text: str) -> str:
    """pyproject.toml with the folders that are there in both lists, a line for each chapter. Comments stay.

    Raises:
        RungsError: it has no such list, or one on a single line.
    """
    chapters = [import_roots([chapter]) for chapter in all_chapters()]
    lines = [" ".join(f'"{root}",' for root in roots) for roots in [["."], *chapters] if roots]

    def fill(match: re.Match[str]) -> str:
        comments = [line for line in match[2].splitlines() if line.lstrip().startswith("#")]
        return "\n".join([match[1], *comments, *(f"    {line}" for line in lines), "]"])

    for name in LISTS:
        text, found = re.subn(rf"^({name} = \[)\n(.*?)^\]", fill, text, flags=re.M | re.S)
        if found != 1:
            raise RungsError(f"pyproject.toml must have one list `{name} = [` that ends with a line `]`, not {found}")
    return text


def installed_file() -> Path | None:
    """The .pth file by which this checkout is installed; None where another checkout is, or none."""
    try:
        files = distribution("rungs").files or []
    except PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".pth" and path.is_file() and str(ROOT) in path.read_text(encoding="utf-8").splitlines():
            return path
    return None


def install() -> bool:
    """Let Python find every import root, in this process and in those to come. Returns: whether the latter succeeded."""
    from utils.files import write_atomic

    roots = [str(ROOT / root) for root in import_roots(all_chapters())]
    sys.path += [root for root in roots if root not in sys.path]
    path = installed_file()
    if path is None:
        return False
    there = path.read_text(encoding="utf-8").splitlines()
    if missing := [root for root in roots if root not in there]:
        try:
            write_atomic(path, "\n".join([*there, *missing]).encode())
        except OSError:
            return False
    return True
