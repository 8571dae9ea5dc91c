"""requirements.lock fits pyproject.toml, and holds every package with its hash and no address."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from rungs.house.doctor import package_lines, pinned_versions
from utils.chapters import ROOT

LOCKS = ("requirements.lock", "requirements-uv.lock")
PIN = re.compile(r"([a-z0-9][\w.-]*==[^\\\n]+) \\\n(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+")
WANTED_BY_US = re.compile(r"rungs \(pyproject\.toml(?::(\w+))?\)")


def declared(project: str) -> list[tuple[str, Requirement]]:
    """(group, requirement) for every dependency; the group of what the project itself needs is ""."""
    tables = tomllib.loads(project)
    groups = {"": tables["project"]["dependencies"], **tables["dependency-groups"]}
    return [(group, Requirement(text)) for group, texts in groups.items() for text in texts]


def locked(lock: str) -> set[tuple[str, str]]:
    """(group, package) for every package of a lock file that is there for the project's own sake."""
    parts = re.split(r"^(?=[a-z0-9])", lock, flags=re.M)[1:]
    return {(group, part.partition("==")[0]) for part in parts for group in WANTED_BY_US.findall(part)}


def stale(project: str, lock: str) -> list[str]:
    """What of a lock file does not fit a pyproject.toml."""
    wanted = {(group, requirement.name) for group, requirement in declared(project)}
    found = [f"{name} of group {group!r} is missing" for group, name in wanted - locked(lock)]
    found += [f"{name} of group {group!r} is no longer wanted" for group, name in locked(lock) - wanted]
    pins = [Requirement(pin) for pin in PIN.findall(lock)]
    for _, requirement in declared(project):
        versions = [next(iter(pin.specifier)).version for pin in pins if pin.name == requirement.name]
        found += [f"{requirement} excludes {v}" for v in versions if not requirement.specifier.contains(v)]
    return sorted(found)


def test_the_lock_fits_the_declared_dependencies():
    found = stale(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"), (ROOT / "requirements.lock").read_text(encoding="utf-8")
    )
    assert not found, f"make lock: {found}"


def unpinned(lock: str) -> str:
    """What of a lock file is neither a version with its hashes nor a comment without a slash."""
    return re.sub(r"^ *# [^/\n]*\n", "", PIN.sub("", lock), flags=re.M)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_a_hash_and_nothing_names_a_host(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert PIN.search(text)
    assert unpinned(text) == ""


def test_the_project_can_be_built_from_the_lock():
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert tables["build-system"]["requires"] == tables["dependency-groups"]["build"]


PROJECT = """
[project]
dependencies = ["numpy>=2.1", "docs-only>=1; python_version > '3'"]
[dependency-groups]
dev = ["pytest>=9", "numpy"]
"""
HASH = f" \\\n    --hash=sha256:{'0' * 64}\n"
LOCK = (
    f"# made by uv\ndocs-only==1.0 ; python_version > '3'{HASH}    # via rungs (pyproject.toml)\n"
    f"numpy==2.1{HASH}    # via\n    #   rungs (pyproject.toml)\n    #   rungs (pyproject.toml:dev)\n    #   other\n"
    f"other==3.0{HASH}    # via pytest\n"
    f"pytest==9.1{HASH}    # via rungs (pyproject.toml:dev)\n"
)


def test_a_lock_that_fits():
    assert stale(PROJECT, LOCK) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("numpy>=2.1", "numpy>=2.2"), ["numpy>=2.2 excludes 2.1"]),
        (('"pytest>=9"', '"pytest>=9", "ruff"'), ["ruff of group 'dev' is missing"]),
        (('"pytest>=9", ', ""), ["pytest of group 'dev' is no longer wanted"]),
        (('"numpy"]', '"other"]'), ["numpy of group 'dev' is no longer wanted", "other of group 'dev' is missing"]),
        (('["numpy>=2.1", ', "["), ["numpy of group '' is no longer wanted"]),
    ],
)
def test_a_lock_that_does_not_fit(change, found):
    assert PROJECT.replace(*change) != PROJECT
    assert stale(PROJECT.replace(*change), LOCK) == found


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple\n",
        "scipy==1.17\n",
        "scipy>=1.17" + HASH,
        f"scipy @ https://example.org/scipy.whl{HASH}",
        "    # from https://example.org/simple\n",
        "-e .\n",
    ],
)
def test_a_line_that_a_lock_must_not_have(line):
    assert unpinned(LOCK) == ""
    assert unpinned(LOCK + line)


def test_doctor_names_a_version_that_is_not_the_one_of_the_lock(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        PROJECT.replace("\"docs-only>=1; python_version > '3'\"", '"no-such-thing"')
    )
    (tmp_path / "requirements.lock").write_text(LOCK)
    monkeypatch.setattr("rungs.house.doctor.ROOT", tmp_path)
    numpy, missing, *_ = package_lines()
    assert (numpy.verdict, missing.verdict) == ("note", "bad")
    assert "made with 2.1;" in numpy.advice
    assert "make .venv/.ready" in missing.advice


def test_the_pins_of_this_machine():
    lock = f"a==1.0 ; python_version < '3'{HASH}a==2.0 ; python_version >= '3'{HASH}    # via b\nb==3.0.post1{HASH}"
    assert pinned_versions(lock) == {"a": "2.0", "b": "3.0.post1"}
    assert pinned_versions((ROOT / "requirements.lock").read_text(encoding="utf-8"))["torch"]
