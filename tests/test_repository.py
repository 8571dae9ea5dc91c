"""What the files around the code say of each other: workflows, hooks, the changelog, the citation."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from utils.chapters import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path: Path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def is_there(command: str) -> bool:
    """Whether a target of make, a program of .venv or a script of the repository is what the command says it is."""
    program, *words = command.split()
    if program == "make":
        return re.search(rf"^{re.escape(words[0])}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M) is not None
    path = Path(sys.executable).parent / Path(program).name if program.startswith(".venv/bin/") else ROOT / program
    return path.is_file() and os.access(path, os.X_OK)


def test_is_there():
    assert all(map(is_there, ["make test", "make .venv/.ready", ".ci/run", ".venv/bin/rungs verify all"]))
    assert not any(map(is_there, ["make tests", ".ci/walk", ".venv/bin/no-such-program", "README.md"]))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_what_is_there(path):
    commands = [step["run"] for job in read(path)["jobs"].values() for step in job["steps"] if "run" in step]
    ours = [command for command in commands if command.startswith(("make", "."))]
    assert [command for command in ours if not is_there(command)] == []
    assert ours


def test_the_workflows():
    commands = {path.stem: path.read_text(encoding="utf-8") for path in WORKFLOWS}
    assert commands.keys() == {"ci", "nightly", "site"}
    assert "- run: .ci/run\n" in commands["ci"]
    assert "- run: .venv/bin/rungs read --check\n" in commands["nightly"]


def test_hooks_are_the_programs_of_make_lint():
    """From the project's own environment, so that nothing is fetched and the versions are those of the lock."""
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert all(map(is_there, entries))
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert lint is not None
    programs = re.findall(r"(\.venv/bin/\w+(?: check| format)?)", lint[1])
    assert [re.sub(r" --\S+", "", entry) for entry in entries] == programs


def test_citation_and_changelog_are_of_this_version():
    citation = read(ROOT / "CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["abstract"] == PROJECT["description"]
    sections = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert sections[:2] == ["Unreleased", PROJECT["version"]]
