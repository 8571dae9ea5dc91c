"""The proofs that compare, of every level of every written chapter on one seed, and what of the level they run. Green is not
claimed for code that never ran: every public function runs in them, or its ladder says why not; and what a proof runs it
depends on, since the proof turns red when the function's body is gone."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from functools import cache

import pytest

from rungs.level.files import SUFFIX, level_modules
from tests.toys import chapter as toy_chapter
from tests.toys import scale
from utils.chapters import find_chapter, written_chapters
from utils.ladder import Ladder, load_ladders
from utils.parity.finding import Finding
from utils.parity.prove import prove, run_proof
from utils.parity.reach import Reach, public_functions
from utils.parity.report import PROOFS
from utils.parity.stand_in import StandIn
from utils.parity.trial import TRUTH, Trial

LEVELS = [(chapter.id, level) for chapter in written_chapters() for level in SUFFIX]
SAMPLED = 3  # functions of each level that are blanked in an ordinary run
IMPORT: tuple[str, str] = ("", "import")


class Traced(Reach):
    """Notes besides where a function ran first: (ladder, proof)."""

    def __init__(self) -> None:
        super().__init__()
        self.at: tuple[str, str] = IMPORT
        self.where: dict[str, tuple[str, str]] = {}

    def enter(self, name: str) -> None:
        self.where.setdefault(name, self.at)
        super().enter(name)


def functions(chapter: str, level: str) -> list[str]:
    """The public functions of a level, but for those that a ladder names with a reason."""
    named = {name for ladder in load_ladders(chapter).values() for name in ladder.unproved}
    found = []
    for module, path in level_modules(find_chapter(chapter), level).items():
        names = [f"{module}.{name}" for name, _ in public_functions(ast.parse(path.read_text(encoding="utf-8")))]
        found += [name for name in names if not {module, name, name.rpartition(".")[0]} & named]
    return found


@cache
def traced(chapter: str, level: str) -> tuple[Traced, StandIn]:
    """The level through all proofs, on one seed, noting what runs."""
    reach = Traced()
    stand_in = reach.stand_in(level)
    for name in level_modules(find_chapter(chapter), level):
        stand_in(name)
    for ladder in load_ladders(chapter).values():
        for proof in PROOFS:
            reach.at = (ladder.name, proof)
            found = list(findings_of(ladder, proof, stand_in))
            assert [said(finding) for finding in found if not finding.ok] == []
            assert found or not compares(ladder, proof, level), f"{ladder.name}: nothing compared in {proof}"
    return reach, stand_in


def compares(ladder: Ladder, proof: str, level: str) -> bool:
    """Whether a proof has something to compare at a level. The planted mistakes are in tests/test_ladders.py."""
    if proof in ("gradients", "operations"):
        return level == "numpy" and bool(ladder.layers)
    if proof == "references":
        return level == TRUTH
    return proof != "mistakes"


def findings_of(ladder: Ladder, proof: str, stand_in: StandIn) -> Iterator[Finding]:
    trial = Trial(ladder, seeds=(0,), only={stand_in.level}, stand_in=stand_in)
    for findings in run_proof(trial, proof):
        yield from findings


def said(finding: Finding) -> str:
    return f"{finding.subject}: {finding.what}: {finding.message}"


def faults(ladder: Ladder, proof: str, stand_in: StandIn) -> Iterator[str]:
    """What is not equal, as it is found."""
    yield from (said(finding) for finding in findings_of(ladder, proof, stand_in) if not finding.ok)


@pytest.mark.parametrize(("chapter", "level"), LEVELS)
def test_proofs_hold_run_every_function_and_turn_red_when_one_is_blank(chapter: str, level: str) -> None:
    """All in one test: the trace is the longer part, and a process each would run it again."""
    reach, _ = traced(chapter, level)
    names = functions(chapter, level)
    assert names
    assert [name for name in names if name not in reach.ran] == []
    chosen = random.Random(f"{chapter} {level}").sample(names, min(SAMPLED, len(names)))
    assert list(blanked(chapter, level, chosen)) == []


@pytest.mark.parametrize("chapter", [chapter.id for chapter in written_chapters()])
def test_what_is_named_is_there_with_a_reason(chapter: str) -> None:
    there = {name for level in SUFFIX for name in level_modules(find_chapter(chapter), level)}
    for ladder in load_ladders(chapter).values():
        for name, reason in ladder.unproved.items():
            assert name.split(".")[0] in there
            assert len(reason.split()) >= 3


def blanked(chapter: str, level: str, names: list[str]) -> Iterator[str]:
    """Those of the functions whose body can go without a proof turning red."""
    reach, stand_in = traced(chapter, level)
    try:
        for name in names:
            reach.blank = name
            ladder, proof = reach.where[name]
            if (ladder, proof) == IMPORT:  # the file cannot even be imported then
                fresh = reach.stand_in(level)
                with pytest.raises(NotImplementedError):
                    fresh(name.split(".")[0])
            elif not any(faults(load_ladders(chapter)[ladder], proof, stand_in)):
                fresh = reach.stand_in(level)  # a function with a cache has kept what it gave before
                if not any(faults(load_ladders(chapter)[ladder], proof, fresh)):
                    yield name
    finally:
        reach.blank = ""


@pytest.mark.whole
@pytest.mark.parametrize(("chapter", "level"), LEVELS)
def test_every_blanked_function_turns_the_proof_red(chapter: str, level: str) -> None:
    names = functions(chapter, level)
    assert list(blanked(chapter, level, names)) == []
    print(f"{chapter} {level}: {len(names)} functions blanked, each turned a proof red")


# ---- the counting itself ----

SOURCE = '''
"""A module."""
from __future__ import annotations

class Layer:
    """With a docstring."""
    def forward(self, x):
        """Doubles."""
        return 2 * x
    def nothing(self): ...
    def _private(self):
        return 1
    @property
    def size(self):
        return 3

class _Hidden:
    def forward(self):
        return 1

def build():
    return Layer()
'''


def test_public_functions_are_those_with_something_to_do() -> None:
    assert [name for name, _ in public_functions(ast.parse(SOURCE))] == ["Layer.forward", "Layer.size", "build"]


@pytest.fixture
def toy(tmp_path):
    toy_chapter.write_chapter(tmp_path, scale.SOURCES)
    yield tmp_path
    toy_chapter.forget_chapter(tmp_path, scale.SOURCES)


def test_what_runs_is_noted_and_what_is_blank_raises(toy) -> None:
    file = toy / "mine.py"
    file.write_text(SOURCE)
    reach = Reach()
    module = reach.stand_in("numpy", {"mine_numpy": file})("mine_numpy")
    layer = module.build()
    assert layer.forward(2) == 4
    assert layer.forward.__doc__ == "Doubles."
    assert reach.ran == {"mine_numpy.build", "mine_numpy.Layer.forward"}
    reach.blank = "mine_numpy.Layer.size"
    with pytest.raises(NotImplementedError, match=r"^Layer\.size$"):
        _ = layer.size


def test_a_function_that_no_proof_runs_is_found(toy) -> None:
    file = toy / "numpy" / "toy_numpy.py"
    file.write_text(scale.NUMPY + "\ndef training_step(model):\n    return 1\n")
    reach = Reach()
    ladder = scale.toy_ladder()
    assert prove(ladder, mine=reach.stand_in("numpy")).ok
    every = {f"toy_numpy.{name}" for name, _ in public_functions(ast.parse(file.read_text()))}
    assert every - reach.ran == {"toy_numpy.training_step"}


def test_ours_stay_loaded_beside_a_stand_in(toy) -> None:
    import importlib

    ours = importlib.import_module("toy_numpy")
    stand_in = StandIn("numpy", change=lambda name, tree: tree)
    theirs = stand_in("toy_numpy")
    assert theirs is not ours
    assert stand_in("toy_numpy") is theirs
    assert importlib.import_module("toy_numpy") is ours
    assert stand_in("toy_paper") is importlib.import_module("toy_paper")  # another level
