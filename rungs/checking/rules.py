"""What every exercise must hold to: functions that return the breaches in words.

tests/test_exercises.py runs them over all exercises, an author runs `python -m rungs.checking.rules 03.2`.

behaviour   the stub fails with its own message, the solution passes, every mistake fails and is recognised
sentinel    the checker runs what the learner wrote, and nothing else
leaks       the learner's copy does not contain the answer
back        nothing is used, or named, that a later chapter teaches
hints       the code of a hint is code, its formulas hold in the solution
independent the checker does not know the solution, and loads no torch where none is needed
"""

from __future__ import annotations

import ast
import re
from functools import cache

from rungs.catalogue.exercise import Exercise
from rungs.catalogue.loading import all_exercises
from rungs.checking.checker import Records, run_source
from rungs.checking.claims import hints
from utils.chapters import Chapter, all_chapters, find_chapter

COMMON_WORDS = {"activations", "depth", "gates", "initialisation", "masks", "optimizers", "positions", "sampling"}
"""Concepts of chapters.toml whose names are everyday words."""


def behaviour(exercise: Exercise) -> list[str]:
    """The stub fails with its own message, the solution passes, every mistake fails and yields its own explanation."""
    breaches = []
    stub = run_source(exercise, exercise.stub.read_text(encoding="utf-8"), exercise.stub, first=True)
    wanted = ("failed",) if exercise.kind == "bug-hunt" else ("not written",)
    if stub.status not in wanted or stub.failure is None:
        breaches.append(f"the stub is {stub.status!r} and must be {wanted[0]!r}: {_say(stub)}")
    solution = run_source(exercise, exercise.solution, exercise.path / "solution.py")
    if not solution.passed:
        breaches.append(f"the solution does not pass: {_say(solution)}")
    mistakes = exercise.misconceptions()
    if len(mistakes) < 3:
        breaches.append(f"{len(mistakes)} mistakes; at least three are needed")
    records: Records = {}
    for mistake in mistakes:
        verdict = run_source(exercise, mistake.source, mistake.path, records=records, first=True)
        if verdict.status != "failed":
            breaches.append(f"the mistake {mistake.name} is {verdict.status!r} and must fail: {_say(verdict)}")
        elif verdict.mistake != mistake.name:
            taken = verdict.mistake or "nothing: two runs of it must give the same numbers"
            breaches.append(f"the mistake {mistake.name} is taken for {taken}")
    return breaches


def _say(verdict) -> str:
    failure = verdict.failure
    if failure is None:
        return "no failure"
    return " | ".join(x for x in (failure.headline, failure.called, failure.expected, failure.got, failure.where) if x)


def asked(exercise: Exercise) -> list[str]:
    """What the learner writes or mends: functions and methods ("Linear.backward") that differ between stub and solution."""
    stub = _functions(ast.parse(exercise.stub.read_text(encoding="utf-8")))
    solution = _functions(ast.parse(exercise.solution))
    return [name for name, node in solution.items() if name in stub and ast.unparse(stub[name]) != ast.unparse(node)]


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{child.name}": child for child in node.body if isinstance(child, ast.FunctionDef)}
    return found


def sentinel(exercise: Exercise) -> list[str]:
    """Whatever the learner writes is executed: with a function of the solution replaced by a cry, the cry is heard."""
    names = asked(exercise)
    if not names:
        return ["stub and solution do not differ in any function: there is nothing to write"]
    breaches = []
    for name in names:
        tree = ast.parse(exercise.solution)
        cry = f"sentinel in {name}"
        _functions(tree)[name].body = ast.parse(f"raise RuntimeError({cry!r})").body
        for first in (True, False):  # the part that fails first is nearly always the one that hears it
            verdict = run_source(exercise, ast.unparse(tree), exercise.path / "solution.py", explain=False, first=first)
            said = " ".join(part.failure.headline for part in verdict.parts if part.failure) + _say(verdict)
            if verdict.passed or cry in said:
                break
        if verdict.passed or cry not in said:
            breaches.append(f"the checker does not run the learner's {name}: {_say(verdict)}")
    return breaches


def leaks(exercise: Exercise) -> list[str]:
    """No expression of the solution stands in the stub or the task, in code, comment or prose."""
    given = _squeeze(exercise.stub.read_text(encoding="utf-8")) + _squeeze(exercise.task)
    stub = set(_statements(exercise.stub.read_text(encoding="utf-8")))
    breaches = []
    for text in _statements(exercise.solution):
        if text not in stub and _squeeze(text) in given:
            breaches.append(f"the learner's copy contains {text!r}")
    return breaches


def _statements(source: str) -> list[str]:
    """The right-hand sides within functions that say something: an operation or a call, and more than a name or two."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            value = getattr(node, "value", None) if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return)) else None
            if value is not None and any(
                isinstance(part, (ast.BinOp, ast.Call, ast.Compare)) for part in ast.walk(value)
            ):
                text = ast.unparse(value)
                if len(_squeeze(text)) >= 14:
                    found.append(text)
    return found


def _squeeze(text: str) -> str:
    return re.sub(r"\s+|#", "", text)


@cache
def _taught() -> dict[str, tuple[str, frozenset[str]]]:
    """Module -> its chapter, and the public names that it defines."""
    modules = {}
    for chapter in all_chapters():
        for level in ("numpy", "pytorch_lowlevel", "paper", "production"):
            for path in sorted((chapter.path / level).glob("*.py")):
                tree = ast.parse(path.read_text(encoding="utf-8"))
                names = {
                    n.name
                    for n in tree.body
                    if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")
                }
                modules[path.stem] = (chapter.id, frozenset(names))
    return modules


def _before(chapter: Chapter) -> set[str]:
    """The chapter and all that it builds on."""
    known = {chapter.id}
    for need in chapter.needs:
        known |= _before(find_chapter(need))
    return known


def back(exercise: Exercise) -> list[str]:
    """Imports come from the chapter or from one that `needs` names; the text names nothing that comes later."""
    breaches = []
    order = [chapter.id for chapter in all_chapters()]
    needed = {find_chapter(need.chapter).id for need in exercise.needs}
    for other in sorted(needed):
        if order.index(other) > order.index(exercise.chapter.id):
            breaches.append(f"needs chapter {other}, which comes later")
    known = _before(exercise.chapter) | needed
    modules = _taught()
    own = ""
    for name, source in _sources(exercise).items():
        own += source
        for module in _imports(source):
            chapter = modules.get(module, (exercise.chapter.id,))[0]
            if chapter not in needed | {exercise.chapter.id}:
                when = "comes later" if chapter not in known else "is not among its needs"
                breaches.append(f"{name} imports {module} of chapter {chapter}, which {when}")
    text = exercise.task + "\n".join(exercise.hints) + exercise.stub.read_text(encoding="utf-8")
    earlier = {name for chapter, names in modules.values() if chapter in known for name in names}
    later = {name: chapter for chapter, names in modules.values() if chapter not in known for name in names - earlier}
    for name in sorted(set(re.findall(r"`([A-Za-z_]\w*)`", text))):
        if name in later and not re.search(rf"\b{name}\b", own) and name not in exercise.mentions:
            breaches.append(f"the text names {name}, which chapter {later[name]} teaches")
    for chapter in all_chapters():
        for concept in chapter.concepts:
            if chapter.id in known or concept in COMMON_WORDS or concept in exercise.mentions:
                continue
            if re.search(rf"\b{re.escape(concept)}\b", text, re.IGNORECASE):
                breaches.append(
                    f"the text speaks of {concept}, which chapter {chapter.id} teaches (or list it in `mentions`)"
                )
    return breaches


def _sources(exercise: Exercise) -> dict[str, str]:
    """What an exercise executes, under the names that its author knows."""
    read = {path.name: path.read_text(encoding="utf-8") for path in (exercise.stub, exercise.check)}
    return read | {"solution.py": exercise.solution}


def _imports(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module.split(".")[0])
    return found


def independent(exercise: Exercise) -> list[str]:
    """The checker computes what it expects by itself, and an exercise without torch imports none."""
    breaches = []
    source = exercise.check.read_text(encoding="utf-8")
    for module in _imports(source):
        if module in ("solution", "rungs", "importlib", "runpy"):
            breaches.append(f"check.py imports {module}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "solution" in node.value.lower():
            breaches.append(f"check.py speaks of the solution, line {node.lineno}")
    if not exercise.torch:
        for name, source in _sources(exercise).items():
            for module in _imports(source):
                if module.startswith("torch") or module.endswith(("_lowlevel", "_paper")):
                    breaches.append(f"{name} imports {module}, and exercise.toml does not say torch = true")
    return breaches


RULES = {
    "behaviour": behaviour,
    "sentinel": sentinel,
    "leaks": leaks,
    "back": back,
    "hints": hints,
    "independent": independent,
}


def breaches(exercise: Exercise) -> list[str]:
    """Every breach of every rule, each with the rule's name in front."""
    return [f"{name}: {text}" for name, rule in RULES.items() for text in rule(exercise)]


def main() -> None:
    """`python -m rungs.checking.rules [NAME ...]`: what an exercise's author runs."""
    import sys
    import time

    wanted = set(sys.argv[1:])
    wrong = 0
    for exercise in all_exercises():
        if wanted and not wanted & {exercise.id, exercise.alias, exercise.chapter.id}:
            continue
        begin = time.perf_counter()
        found = breaches(exercise)
        wrong += len(found)
        print(
            f"{'ok  ' if not found else 'BAD '} {exercise.alias:6} {exercise.id:28} {time.perf_counter() - begin:5.2f} s"
        )
        for text in found:
            print(f"     {text}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
