"""`rungs doctor`: versions, devices, data and folders on this machine; what is missing, and how to get it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rungs.errors import Failed
from rungs.options import Json
from utils.chapters import ROOT

EXAMPLE = "rungs doctor --json"
Verdict = Literal["good", "note", "bad"]
MARKS = {"good": "[green]ok[/]", "note": "[yellow]--[/]", "bad": "[red]!![/]"}


@dataclass(frozen=True)
class Line:
    group: str
    what: str
    found: str
    verdict: Verdict = "good"
    advice: str = ""  # what to do, where something is missing


def doctor(as_json: Json = False) -> None:
    """What is installed and at hand, and how to get the rest."""
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    with console.status("looking around"):
        lines = [*python_lines(), *package_lines(), *device_lines(), *data_lines(), *folder_lines()]
    if as_json:
        print(json.dumps([asdict(line) for line in lines], indent=2))
    else:
        group = ""
        for line in lines:
            if line.group != group:
                group = line.group
                console.print(f"[bold]{group}[/]")
            console.print(f"  {MARKS[line.verdict]} {line.what:<18} {line.found}", soft_wrap=True)
            if line.advice:
                console.print(f"     {'':<18} [dim]{line.advice}[/]", soft_wrap=True)
    bad = [line.what for line in lines if line.verdict == "bad"]
    if bad:
        raise Failed("not in order: " + ", ".join(bad))


def python_lines() -> list[Line]:
    good = sys.version_info >= (3, 11)
    where = "in a virtual environment" if sys.prefix != sys.base_prefix else "outside a virtual environment"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return [
        Line(
            "Python",
            "python",
            f"{platform.python_version()}, {where}",
            "good" if good else "bad",
            "" if good else "Rungs needs Python 3.11 or newer: make PYTHON=python3.12 test",
        ),
        Line("Python", "machine", system),
    ]


def package_lines() -> list[Line]:
    """Every dependency of pyproject.toml: installed or not, and whether it is the version of the proofs and receipts."""
    import tomllib
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tested = pinned_versions((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    lines = []
    for text, needed in [
        *((text, True) for text in project["project"]["dependencies"]),
        *((text, False) for texts in project["dependency-groups"].values() for text in texts),
    ]:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            advice = "make .venv/.ready installs all that requirements.lock pins; pip install -e . the newest of what is needed"
            lines.append(Line("Packages", requirement.name, "missing", "bad" if needed else "note", advice))
            continue
        pin = tested.get(requirement.name)
        release = found.split("+")[0]
        if not requirement.specifier.contains(release, prereleases=True):
            advice = f"needs {requirement.specifier}"
            lines.append(Line("Packages", requirement.name, found, "bad" if needed else "note", advice))
        elif pin and release != pin:
            advice = f"the proofs and receipts were made with {pin}; rungs verify all tells whether this one agrees"
            lines.append(Line("Packages", requirement.name, found, "note", advice))
        else:
            lines.append(Line("Packages", requirement.name, found))
    return lines


def pinned_versions(lock: str) -> dict[str, str]:
    """Package -> the version that requirements.lock, here as text, pins for this Python and this system."""
    from packaging.requirements import Requirement

    pins = {}
    for line in lock.splitlines():
        if "==" in line and line[0].isalnum():
            requirement = Requirement(line.removesuffix("\\"))
            if requirement.marker is None or requirement.marker.evaluate():
                (specifier,) = requirement.specifier
                pins[requirement.name] = specifier.version
    return pins


def device_lines() -> list[Line]:
    try:
        import torch
    except ImportError as error:
        return [Line("Devices", "torch", f"cannot be imported: {error}", "bad", "make test sets up the environment")]
    lines = [Line("Devices", "cpu", f"{torch.get_num_threads()} torch threads")]
    if torch.cuda.is_available():
        names = {torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())}
        lines.append(Line("Devices", "cuda", f"{torch.cuda.device_count()} ({', '.join(sorted(names))})"))
    else:
        lines.append(Line("Devices", "cuda", "none; every chapter also runs on the CPU"))
    if torch.backends.mps.is_available():
        lines.append(Line("Devices", "mps", "there"))
    return lines


def data_lines() -> list[Line]:
    """Which sets are at hand. Their contents are checked when they are loaded, not here."""
    from utils.data_loaders import CATALOGUE, DataError, data_folder, missing_files

    chosen = "RUNGS_DATA" if os.environ.get("RUNGS_DATA") else "the default; RUNGS_DATA chooses another"
    try:
        folder = data_folder()
    except DataError as error:
        return [Line("Data", "folder", str(error), "bad")]
    lines = [Line("Data", "folder", f"{folder} ({chosen})", *_writable(folder))]
    for name, entry in CATALOGUE.items():
        files = {file for part in entry.files.values() for file in part}
        missing = missing_files(name)
        if not files:
            lines.append(Line("Data", name, "embedded"))
        elif not missing:
            lines.append(Line("Data", name, "here"))
        else:
            found = f"{len(files) - len(missing)} of {len(files)} files here"
            lines.append(Line("Data", name, found, "note", f"missing: {_short(missing)}; {_how(missing, folder)}"))
    return lines


def _how(missing: list[str], folder: Path) -> str:
    from utils import data_loaders

    if all(data_loaders.file_url(file) for file in missing):
        return "fetched when first used"
    return f"no public address: put them under {folder}"


def _short(names: list[str], most: int = 2) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def folder_lines() -> list[Line]:
    from rungs import progress

    lines = [
        Line("Folders", "runs", *_writable_line(ROOT / "runs")),
        Line("Folders", "my work", *_writable_line(progress.work_folder())),
    ]
    free = shutil.disk_usage(ROOT).free / 2**30
    verdict: Verdict = "good" if free > 1 else "note"
    lines.append(
        Line(
            "Folders", "disk", f"{free:.0f} GiB free", verdict, "" if free > 1 else "a full training needs about 1 GiB"
        )
    )
    return lines


def _writable_line(folder: Path) -> tuple[str, Verdict, str]:
    return str(folder), *_writable(folder)


def _writable(folder: Path) -> tuple[Verdict, str]:
    """Whether files can be made in `folder`, or in its nearest parent that exists, since it is made when needed."""
    nearest = next((path for path in (folder, *folder.parents) if os.path.exists(path)), folder)
    if not os.path.isdir(nearest):
        return "bad", f"{nearest} is a file, not a folder"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return "bad", f"{nearest} cannot be written to"
    return "good", ""
