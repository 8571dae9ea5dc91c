"""What a checker asks of memory, loops and precision: each is seen to refuse, and to let pass."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rungs.checking.tester import Tester

SOURCE = """
import numpy as np
def itself(x): return x
def view(x): return x[1:]
def new(x): return x + 1
def looped(x): return np.array([2 * row for row in x])
def called(x): return np.stack(list(map(lambda row: 2 * row, x)))
def whole(x): return 2 * x
def matrix(x): return (x[:, None] * x).sum(axis=0)
def row(x): return x * x.sum()
def rounded(x): return np.float64(np.float32(x))
"""


@pytest.fixture
def t() -> Tester:
    path = Path("answer.py")
    module = ModuleType("answer")
    exec(compile(SOURCE, str(path), "exec"), module.__dict__)
    return Tester(module, path, "check_part")


def headline(t: Tester) -> str:
    return t.failure.headline if t.failure else ""


@pytest.mark.parametrize(
    ("name", "says"), [("itself", "must be a new array"), ("view", "or a view of it"), ("new", "")]
)
def test_own_memory(t: Tester, name: str, says: str) -> None:
    x = np.arange(5.0)
    t.own_memory(t.call(name, x), x)
    assert says in headline(t)
    assert bool(says) == bool(headline(t))


@pytest.mark.parametrize("name", ["looped", "called", "whole"])
def test_no_loop(t: Tester, name: str) -> None:
    t.no_loop(name, (np.ones((2, 3)),), (np.ones((50, 3)),), over="the rows")
    assert headline(t) == ("" if name == "whole" else f"{name} loops over the rows")


@pytest.mark.parametrize("name", ["matrix", "row"])
def test_memory(t: Tester, name: str) -> None:
    x = np.ones(300)
    got = t.memory(name, x, at_most=100_000)
    assert np.array_equal(got, np.full(300, 300.0))
    assert headline(t) == ("" if name == "row" else "matrix needs more memory than its arguments call for")


def test_smooth_gradient_tells_precisions_apart(t: Tester) -> None:
    x = t.rng.normal(size=(3, 5))
    found = t.numeric_gradient(lambda: np.exp(np.sin(x)), x, smooth=True)
    exact = np.cos(x) * np.exp(np.sin(x))
    assert np.abs(found - exact).max() < 1e-10
    t.equal(t.call("rounded", exact), found, atol=1e-10)
    assert t.failure is not None
    assert "float32" in t.failure.why


def test_equal_takes_infinities(t: Tester) -> None:
    with np.errstate(all="raise"):
        t.equal(np.array([-np.inf, 1.0]), np.array([-np.inf, 1.0]))
    assert t.failure is None
