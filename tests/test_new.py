"""`rungs new` in a copy of the repository: what it writes runs as it is, holds to the rules, and is known to be a template.

Three processes do the work of all tests: one begins two chapters, one proves what it wrote, one gets bad input.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from rungs.errors import Failed, RungsError
from rungs.house import completeness, roots
from rungs.house.template import MARK, TEMPLATE
from rungs.pages import refresh
from tests.test_layout import RULES
from utils.chapters import ROOT, Chapter, all_chapters, find_chapter, import_roots

COPIED = (
    "rungs",
    "utils",
    "benchmarks",
    "01_Linear_Logistic",
    "chapters.toml",
    "pyproject.toml",
    "README.md",
    "00_Overview.md",
)
LONG = "a_name_of_24_letters_now"  # the longest that is allowed: lines must still fit
NEW = ["new 06 06_LSTM_GRU 'LSTM and GRU'", f"new mixer mixer 'MLP-Mixer: all MLP' --name {LONG} --json"]
COMMANDS = """
import contextlib, io, json, shlex, sys
said = []
for line in sys.argv[1:]:
    program, *arguments = shlex.split(line)
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        if program == "pytest":
            import pytest
            status = int(pytest.main(arguments))
        elif program == "notebook":
            import runpy
            status = len(runpy.run_path(arguments[0])["losses"])
        elif program == "rules":
            from rungs.catalogue.loading import chapter_exercises
            from rungs.checking.rules import breaches
            status = [text for name in arguments for exercise in chapter_exercises(name) for text in breaches(exercise)]
        else:
            from rungs.cli import main
            status = main([program, *arguments])
    said.append([status, out.getvalue(), err.getvalue()])
print(json.dumps(said))
"""
BAD = {
    "new 06": "06_LSTM_GRU/README.md and 32 more is there already, and `rungs new` writes over nothing; rungs verify 06",
    "new 01 01_Linear": "chapters.toml has 01 as chapter 01, with folder '01_Linear_Logistic' and not '01_Linear'",
    "new vae 11_VAE VAE": "has vae as chapter 11, with title 'Variational autoencoder' and not 'VAE'",
    "new 11 --needs 01": "with needs '02' and not '01'",
    "new swin": "chapters.toml has no chapter 'swin'; a new one gets a folder and a title: rungs new mixer mixer",
    "new 1 1_Swin Swin": "chapters.toml has 1 as chapter 01",
    "new Swin swin Swin": "the id of a chapter is two digits or a word of small letters, such as 17 or mixer; got 'Swin'",
    "new all all All": "the id of a chapter is two digits or a word",
    "new 17 Swin Swin": "is a word of at most 30 letters, digits and _, as 17_Mixer is; got 'Swin'",
    "new swin ../swin Swin": "got '../swin'",
    "new swin Utils Swin": "is there already, and `rungs new` writes over nothing",
    "new swin swin 'a \"b\"'": "a title has 2 to 60 letters, digits, spaces and marks",
    "new swin swin 'two\nlines'": "a title has 2 to 60 letters",
    "new swin swin Swin --needs 99": "--needs: no chapter '99'",
    "new 11 --name linear": "a module linear_numpy is in 01_Linear_Logistic/numpy already",
    "new 11 --name lstm_gru": "a module lstm_gru_numpy is in 06_LSTM_GRU/numpy already",
    "new 11 --name VAE": "'VAE', which is not of small letters, digits and single _, 24 at most",
    f"new 11 --name {LONG}s": "24 at most",
    "new 11 --name scale": "'scale', which has a meaning in the code already",
    "new 11 --name lambda": "'lambda', which has a meaning in the code already",
    "verify 06 --seeds 1": "lstm_gru_checks.py is there, but its folder is not among the import roots: run `rungs refresh`",
}


class Copy:
    """A repository that has chapter 01 alone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, root / name)

    def run(self, *lines: str, folders: tuple[str, ...] = ("01_Linear_Logistic",)) -> list[tuple]:
        """Commands in one process, with the import roots of `folders`. Returns: (status, output, errors) of each"""
        chapters = [replace(find_chapter("01"), folder=folder) for folder in folders]
        found = [self.root, *(self.root / name for name in import_roots(chapters, self.root))]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, found)), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, *lines], cwd=self.root, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return [tuple(entry) for entry in json.loads(done.stdout)]

    def texts(self) -> dict[str, bytes]:
        found = [path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def chapter(self, name: str) -> Chapter:
        entries = tomllib.loads((self.root / "chapters.toml").read_text(encoding="utf-8"))["chapter"]
        return next(Chapter(**entry) for entry in entries if entry["id"] == name)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The copy with two new chapters, and what the commands said."""
    copy = Copy(tmp_path_factory.mktemp("repository"))
    return copy, copy.run(*NEW)


@pytest.fixture(scope="module")
def proved(begun):
    """What the engine, the tests and the rules say of them."""
    copy, _ = begun
    lines = [
        "verify 06 mixer --seeds 1 --json",
        "verify 01 06 mixer --complete --json",
        "rules 06 mixer",
        "pytest -q -p no:cacheprovider --import-mode=importlib 06_LSTM_GRU",
        "refresh --check",
        "notebook 06_LSTM_GRU/notebooks/lstm_gru_notebook.py",
    ]
    return copy.run(*lines, folders=("01_Linear_Logistic", "06_LSTM_GRU", "mixer"))


# ---- what is written ----


def test_every_file_of_the_template_is_there_under_its_names(begun):
    copy, said = begun
    assert [status for status, _, _ in said] == [0, 0], said
    for name, word, model in (("06", "lstm_gru", "LstmGru"), ("mixer", LONG, "ANameOf24LettersNow")):
        chapter = copy.chapter(name)
        files = {
            p.relative_to(copy.root / chapter.folder).as_posix() for p in (copy.root / chapter.folder).rglob("*.*")
        }
        files = {file for file in files if "__pycache__" not in file}
        expected = {path.relative_to(TEMPLATE).as_posix() for path in TEMPLATE.rglob("*.*")}
        assert files == {file.replace("tanhscale", word) for file in expected if "__pycache__" not in file}
        assert f"class {model}:" in (copy.root / chapter.folder / f"numpy/{word}_numpy.py").read_text()
        assert f"rungs verify {name}" in (copy.root / chapter.folder / "code.md").read_text()
        for file in files:
            text = (copy.root / chapter.folder / file).read_text(encoding="utf-8")
            assert not re.search(r"tanh-?scale|TanhScale|\bNN\b|TITLE", text), file


def test_the_command_says_what_it_chose_and_what_comes_next(begun):
    _, ((_, text, _), (_, document, _)) = begun
    assert text.splitlines() == [
        "06 LSTM and GRU: 33 files in 06_LSTM_GRU/",
        "  called    lstm_gru: lstm_gru_numpy.py, lstm_gru_lowlevel.py, lstm_gru_paper.py, and the ladder",
        "  imports   pyproject.toml lists its folders; `make` lets Python find them (or `pip install -e .`)",
        "  Next      rungs verify 06             proves it as it is",
        "            rungs verify 06 --complete  lists what is still template",
    ]
    said = json.loads(document)
    assert (said["chapter"], said["name"], said["planned"], said["found_at_once"]) == ("mixer", LONG, False, False)
    assert "ladder.py" in said["files"]


def test_the_manifest_keeps_its_text_and_gains_an_entry(begun):
    copy, _ = begun
    before = (ROOT / "chapters.toml").read_text(encoding="utf-8")
    after = (copy.root / "chapters.toml").read_text(encoding="utf-8")
    assert after.startswith(before)
    assert '[[chapter]]\nid = "mixer"' in after.removeprefix(before)
    added = copy.chapter("mixer")
    assert (added.title, added.needs, added.tier) == ("MLP-Mixer: all MLP", ["01"], "foundations")
    assert MARK in added.paper


def test_the_pages_have_the_new_chapters(begun):
    copy, _ = begun
    assert "[LSTM and GRU](06_LSTM_GRU/README.md)" in (copy.root / "README.md").read_text(encoding="utf-8")
    assert "derivative of tanh at its input" in (copy.root / "mixer/exercises/README.md").read_text(encoding="utf-8")


def test_the_layout_and_the_style_are_those_of_the_project(begun):
    copy, _ = begun
    chapters = [copy.chapter(name) for name in ("01", "02", "06", "mixer")]
    assert [breach for rule in RULES for breach in rule(copy.root, chapters)] == []
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "06_LSTM_GRU", "mixer"],
            cwd=copy.root,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


# ---- what it is worth ----


def test_the_proofs_hold(proved):
    status, document, errors = proved[0]
    assert status == 0, errors
    for report in json.loads(document)["ladders"]:
        assert {row["proof"] for row in report["summary"] if row["count"]} == {
            *("gradients", "operations", "levels", "training", "references", "mistakes", "scripts")
        }
        assert len([f for f in report["findings"] if f["proof"] == "mistakes"]) == 4


def test_what_is_template_and_what_is_missing_is_listed(proved):
    status, document, errors = proved[1]
    assert status == 1
    assert "chapter 06: 19 of 22; chapter mixer: 21 of 22" in errors
    said = json.loads(document)
    assert said["ok"] is False
    states = {name: {row["what"]: row["state"] for row in rows} for name, rows in said["chapters"].items()}
    begun = {
        **dict.fromkeys(("NumPy level", "low-level PyTorch level", "paper level", "ladder and proofs"), "template"),
        **dict.fromkeys(("references", "planted mistakes", "scripts", "tiny configuration"), "template"),
        **dict.fromkeys((*completeness.SECTIONS, "theory"), "template"),
        **dict.fromkeys(("climb and benchmark", "receipts", "checkpoint"), "missing"),
        **dict.fromkeys(("exercises", "questions", "notebook"), "missing"),
        "tests of the levels": "done",
    }
    assert states["06"].keys() == states["01"].keys()
    assert {what for what, state in states["01"].items() if state != "done"} <= {"checkpoint", "notebook"}
    assert states["06"] == begun | {"manifest": "done", "guide": "done"}
    assert states["mixer"] == begun | {"manifest": "template", "guide": "missing"}
    how = {row["what"]: row["how"] for row in said["chapters"]["06"]}
    assert how["exercises"].startswith(
        "1 of 6, none of kind warm-up, none of kind derive, none of kind bug-hunt, none of kind measure"
    )
    assert how["README.md"].startswith("the beginning, Architecture, Where to go next")
    assert how["receipts"] == "paper/results/*.json: rungs reproduce 06"


def test_what_is_counted_is_done_when_there_is_enough(tmp_path):
    chapter = replace(find_chapter("01"), folder=str(tmp_path))

    def states():
        found = (
            completeness.questions(chapter),
            completeness.checkpoint(chapter),
            completeness.page(chapter, "README.md"),
        )
        return [one.state for one in found]

    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    headings = completeness.SECTIONS["README.md"]

    def question(number):
        return (
            f'[[question]]\nid = "q{number}"\nkind = "trap"\nplace = "theory.md#1"\n'
            'question = "What is asked?"\nanswer = "What is answered."\n'
        )

    assert states() == ["missing"] * 3
    write("questions.toml", "".join(map(question, range(11))))
    write("paper/checkpoints/large.safetensors", "x" * 2**21)
    write("README.md", "".join(f"## {heading}\n" for heading in headings[1:]))
    assert states() == ["missing"] * 3
    assert completeness.questions(chapter).how == "11 of 12: questions.toml, with answers"
    assert completeness.page(chapter, "README.md").how.startswith(f"{headings[0]}: ")
    write("questions.toml", "".join(map(question, range(12))))
    write("paper/checkpoints/large.safetensors", "x")
    write("README.md", "".join(f"## {heading}, and more\n" for heading in headings))
    assert states() == ["done"] * 3
    write("README.md", (tmp_path / "README.md").read_text(encoding="utf-8") + f"{MARK}: the rest\n")
    assert completeness.page(chapter, "README.md") == completeness.Item(
        "README.md", "template", f"{headings[-1]}, and more: its sections, as in chapter 01"
    )
    write("questions.toml", "[[question]")
    with pytest.raises(RungsError, match=r"questions\.toml: "):
        completeness.questions(chapter)


def test_the_exercise_holds_to_the_rules_and_the_tests_pass(proved):
    assert proved[2][0] == []
    assert proved[3][0] == 0, proved[3][1]


def test_everything_generated_is_up_to_date(proved):
    assert proved[4][0] == 0, proved[4][2]


def test_the_notebook_runs(proved):
    status, said, errors = proved[5]
    assert (status, errors) == (100, "")
    differences = re.findall(r"^(\w+) +\(.*\) .* (\S+)$", said, re.M)
    assert [name for name, _ in differences] == ["y", "dweight"]
    assert all(float(difference) < 1e-9 for _, difference in differences)


# ---- what is refused ----


@pytest.fixture(scope="module")
def refused(begun):
    """What bad input leads to: (status, errors) by command; and whether a file has changed."""
    copy, _ = begun
    before = copy.texts()
    said = copy.run(*BAD)
    return dict(zip(BAD, said, strict=True)), before == copy.texts()


@pytest.mark.parametrize("command", BAD)
def test_bad_input_is_refused_in_a_sentence(refused, command):
    status, out, errors = refused[0][command]
    assert (status, out) == (2, ""), errors
    assert BAD[command] in errors
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1


def test_a_refused_call_changes_nothing(refused):
    assert refused[1]


# ---- the import roots ----

PYPROJECT = """[tool.hatch.build.targets.wheel]
# Above the list.
dev-mode-dirs = [
    # In the list.
    ".",
    "99_Gone/numpy", "99_Gone/paper",
]
[tool.pyright]
extraPaths = [
]
strict = []  # behind it
"""


def test_both_lists_are_written_and_all_else_stays():
    text = roots.renewed(PYPROJECT)
    tool = tomllib.loads(text)["tool"]
    for listed in (tool["hatch"]["build"]["targets"]["wheel"]["dev-mode-dirs"], tool["pyright"]["extraPaths"]):
        assert listed == [".", *import_roots(all_chapters())]
    for comment in ("# Above the list.", "    # In the list.", "strict = []  # behind it"):
        assert comment in text.splitlines()
    assert roots.renewed(text) == text


@pytest.mark.parametrize("change", [("extraPaths = [\n]\n", ""), ("[\n]", "[]"), (PYPROJECT, PYPROJECT * 2)])
def test_a_list_that_cannot_be_found_is_named(change):
    with pytest.raises(RungsError, match=r"must have one list `(extraPaths|dev-mode-dirs) = \[`"):
        roots.renewed(PYPROJECT.replace(*change))


def test_refresh_notices_a_root_that_is_not_listed(tmp_path, monkeypatch):
    project = tmp_path / "pyproject.toml"
    project.write_text(PYPROJECT, encoding="utf-8")
    monkeypatch.setattr(refresh, "ROOT", tmp_path)
    monkeypatch.setattr(refresh, "PROJECT", project)
    monkeypatch.setattr(refresh, "pages", list)
    monkeypatch.setattr(refresh, "pictures", list)
    with pytest.raises(Failed, match=r"out of date: pyproject\.toml; run `rungs refresh`"):
        refresh.rewrite(check=True)
    assert project.read_text(encoding="utf-8") == PYPROJECT
    assert refresh.rewrite() == [Path("pyproject.toml")]
    assert refresh.rewrite(check=True) == []


def test_new_roots_are_found_at_once(tmp_path, monkeypatch):
    """The .pth file of this checkout gains what it lacks; a file that is linked to it elsewhere stays as it is."""
    folders = [str(ROOT / folder) for folder in import_roots(all_chapters())]
    path, other = tmp_path / "_rungs.pth", tmp_path / "cached.pth"
    path.write_text("\n".join([str(ROOT), *folders[1:]]), encoding="utf-8")
    os.link(path, other)
    monkeypatch.setattr(roots, "installed_file", lambda: path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != folders[0]])
    assert roots.install()
    assert path.read_text(encoding="utf-8").splitlines() == [str(ROOT), *folders[1:], folders[0]]
    assert other.read_text(encoding="utf-8").splitlines() == [str(ROOT), *folders[1:]]
    assert sys.path[-1] == folders[0]
    monkeypatch.setattr(roots, "installed_file", lambda: None)
    assert not roots.install()


def test_the_installed_file_is_the_one_of_this_checkout(tmp_path, monkeypatch):
    class Installed:
        files = (tmp_path / "METADATA", tmp_path / "other.pth", tmp_path / "_rungs.pth")

    for file, text in zip(Installed.files, (str(ROOT), f"{ROOT}/elsewhere", f"{ROOT}\n{ROOT}/x"), strict=True):
        file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(Path, "locate", lambda path: path, raising=False)
    monkeypatch.setattr(roots, "distribution", lambda name: Installed)
    assert roots.installed_file() == tmp_path / "_rungs.pth"
    (tmp_path / "_rungs.pth").unlink()
    assert roots.installed_file() is None
