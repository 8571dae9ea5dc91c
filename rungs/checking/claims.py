"""The hints are right: what is code in them is code, and their formulas hold in the solution.

A formula in words ("n k alpha") stands once more in exercise.toml, as code: a `Claim`. The words must be found in the hint
and, but for blanks and `*`, in the code; the code must hold in the solution whenever the function returns.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import Any

import numpy as np

from rungs.catalogue.exercise import Claim, Exercise
from rungs.checking.arrays import is_array
from rungs.checking.calls import shapes
from rungs.checking.checker import run_source
from rungs.checking.values import as_array

CODE = re.compile(r"`([^`\n]+)`")


def hints(exercise: Exercise) -> list[str]:
    """Every breach in the hints' code and formulas."""
    breaches = []
    for number, text in enumerate(exercise.hints, 1):
        breaches += [f"hint {number}: `{code}` is no Python" for code in CODE.findall(text) if not _is_code(code)]
    for claim in exercise.claims:
        if not 1 <= claim.hint <= 3 or claim.says not in exercise.hints[claim.hint - 1]:
            breaches.append(f"hint {claim.hint} does not say {claim.says!r}")
        if _bare(claim.says) not in _bare(claim.holds):
            breaches.append(f"the claim {claim.holds!r} does not contain what the hint says, {claim.says!r}")
        breaches += _untrue(exercise, claim)
    return breaches


def _is_code(text: str) -> bool:
    """Whether it is Python, the rest of an expression (`.to(dtype)`), an argument (`axis=1`), or a command."""
    if text.startswith("rungs "):
        return True
    for form in ("{}", "x{}", "f({})", "x {} 1", "try: pass\n{}: pass"):
        try:
            ast.parse(form.format(text))
        except SyntaxError:
            continue
        return True
    return False


def _bare(text: str) -> str:
    return re.sub(r"[\s*]+", "", text)


def _untrue(exercise: Exercise, claim: Claim) -> list[str]:
    """Runs the solution through its check, and evaluates the claim whenever its function returns."""
    path = exercise.path / "solution.py"
    name = claim.function.split(".")[-1]
    outcomes: list[str] = []

    def trace(frame, event, _):
        if frame.f_code.co_filename != str(path) or frame.f_code.co_name != name:
            return None
        frame.f_trace_lines = False
        return at_return

    def at_return(frame, event, result):
        if event == "return" and result is not None and len(outcomes) < 20:
            sys.settrace(None)
            outcomes.append(_evaluate(claim, frame, result))
            sys.settrace(trace)
        return at_return

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run_source(exercise, exercise.solution, path, explain=False)
    finally:
        sys.settrace(before)
    if not outcomes:
        return [f"the claim {claim.holds!r} was not tried: does the checker call {claim.function}?"]
    return [f"the claim {claim.holds!r} does not hold: {wrong}" for wrong in outcomes if wrong][:1]


def _evaluate(claim: Claim, frame: Any, result: Any) -> str:
    """What is wrong with the claim at the end of a call; "" if it holds."""
    scope = {"sqrt": np.sqrt, "exp": np.exp, **frame.f_globals, **_axes(frame), **frame.f_locals, "result": result}
    try:
        tree = ast.parse(claim.holds, mode="eval").body
        if not isinstance(tree, ast.Compare) or not isinstance(tree.ops[0], ast.Eq):
            return "it must be an equation, left == right"
        left, right = (
            as_array(eval(compile(ast.Expression(side), claim.holds, "eval"), scope))
            for side in (tree.left, tree.comparators[0])
        )
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    same = left.shape == right.shape and np.allclose(left, right, rtol=1e-7, atol=1e-10)
    return "" if same else f"{left.ravel()[:3]} is not {right.ravel()[:3]}"


def _axes(frame: Any) -> dict[str, int]:
    """The sizes of the arguments' axes, under the names that the docstrings of the file give them."""
    found = {}
    documents = " ".join(inspect.getdoc(value) or "" for value in frame.f_globals.values() if inspect.isfunction(value))
    for name, axes in shapes(documents).items():
        value = frame.f_locals.get(name)
        if is_array(value) and value.ndim == len(axes):
            found |= {axis: size for axis, size in zip(axes, value.shape, strict=True) if axis.isidentifier()}
    return found
