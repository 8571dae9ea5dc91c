"""The engine itself: what it refuses, what it finds, and how it names it."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.toys import chapter, scale
from tests.toys.scale import toy_ladder
from utils.ladder import Check, LayerCase, Mistake, Overfit, Script
from utils.parity.compare import compare, compare_all, compare_zero
from utils.parity.gradcheck import check_layer, check_promises
from utils.parity.prove import prove
from utils.parity.report import PROOFS
from utils.parity.stand_in import StandIn


@pytest.fixture(autouse=True)
def written(tmp_path):
    chapter.write_chapter(tmp_path, scale.SOURCES)
    yield
    chapter.forget_chapter(tmp_path, scale.SOURCES)


def learners(folder: Path, source: str) -> StandIn:
    """A learner's NumPy level in a file of its own."""
    file = folder / "mine.py"
    file.write_text(source)
    return StandIn("numpy", {"toy_numpy": file})


def planted(source: str, find: str, replace: str, name: str = "toy_mine") -> ModuleType:
    """A learner's module: the source with one change."""
    assert source.count(find) == 1
    module = ModuleType(name)
    exec(source.replace(find, replace), module.__dict__)
    return module


# ---- comparisons ----


@pytest.mark.parametrize(
    ("got", "want", "message"),
    [
        (np.ones(3), np.ones(2), "shape (3,), expected (2,)"),
        (np.zeros(3), np.zeros(3), "zero everywhere"),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), "not finite"),
        (np.array([1.0, 2.0]), np.array([1.0, np.inf]), "expected value has 1 of 2 entries that are not finite"),
        (np.ones(0), np.ones(0), "empty"),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-8]), "1 of 2 entries differ; got 2 at [1]"),
    ],
)
def test_a_comparison_refuses(got, want, message):
    finding = compare("x", got, want)
    assert finding.status == "failed"
    assert message in finding.message


def test_arrays_that_share_memory_prove_nothing():
    x = np.arange(5.0)
    assert "shares memory" in compare("x", x[1:], x[1:]).message
    assert compare("x", x.copy(), x).ok


def test_zero_is_asserted_not_skipped():
    assert compare_zero("x", np.full(3, 1e-14)).ok
    assert not compare_zero("x", np.full(3, 1e-9)).ok
    assert compare("x", np.zeros(3), np.zeros(3), may_be_zero=True).ok


def test_missing_and_unexpected_names_are_failures():
    found = compare_all("gradient", {"a": np.ones(2), "c": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)})
    assert [(f.what, f.status, f.message) for f in found[1:]] == [
        ("gradient b", "failed", "is missing"),
        ("gradient c", "failed", "is not expected"),
    ]


# ---- layers ----


@pytest.mark.parametrize(
    ("find", "replace", "what"),
    [
        ("(dy * self.x).sum(axis=0)", "dy.sum(axis=0)", "gradient a"),
        ('return dy * self.params["a"]', "return dy", "input gradient 0"),
        ('self.grads["a"] += ', 'self.grads["a"][...] = ', "accumulated gradient a"),
        ('return dy * self.params["a"]', 'dy *= self.params["a"]; return dy', "input dy"),
        ("self.x = x\n", "self.x = x\n        x += 1e-3\n", "input 0"),
    ],
)
def test_central_differences_find(find, replace, what):
    rng = np.random.default_rng(0)
    layer = planted(scale.NUMPY, find, replace).Scale(5, rng=rng)
    found = [f.what for f in check_layer(layer, (rng.normal(size=(3, 5)),), rng) if not f.ok]
    assert what in found


def test_a_sound_layer_passes():
    rng = np.random.default_rng(0)
    layer = importlib.import_module("toy_numpy").Scale(5, rng=rng)
    assert all(f.ok for f in check_layer(layer, (rng.normal(size=(3, 5)),), rng))


# ---- promises ----


@pytest.mark.parametrize(
    ("find", "replace", "what", "message"),
    [
        ('x.shape[1] != len(self.params["a"])', "False", "refused: input 0 of shape (3, 6)", "the message should say"),
        ("x.ndim != 2 or ", "x.ndim == 2 and ", "refused: input 0 of shape (5,)", "is accepted"),
        ('raise ValueError(f"Scale', 'raise TypeError(f"Scale', "refused: input 0 of shape (3, 6)", "raises TypeError"),
        ("got {x.shape}", "sorry", "refused: input 0 of shape (3, 6)", "should say what shape it got"),
        ("rng.normal(size=width).astype(dtype)", "rng.normal(size=width)", "float32: output", "is float64"),
        ("np.zeros(width, dtype)", "np.zeros(width)", "float32: gradient a", "is float64"),
        (
            'return dy * self.params["a"]',
            'return np.float64(1) * dy * self.params["a"]',
            "float32: input gradient 0",
            "is float64",
        ),
    ],
)
def test_promises_that_are_broken(tmp_path, find, replace, what, message):
    assert scale.NUMPY.count(find) == 1
    case = LayerCase("Scale", scale.scale_case, strict_scale)
    mine = learners(tmp_path, scale.NUMPY.replace(find, replace))
    broken = {f.what: f.message for f in check_promises(case, mine, np.random.default_rng(0)) if not f.ok}
    assert message in broken[what], broken
    if "sorry" in replace:  # a learner may word it otherwise
        assert not [f for f in check_promises(case, mine, np.random.default_rng(0), learner=True) if not f.ok]


def strict_scale(params, x):
    if x.ndim != 2:
        raise ValueError("torch would broadcast here")
    return x * params["a"]


def test_promises_that_are_kept():
    case = LayerCase("Scale", scale.scale_case, strict_scale)
    found = check_promises(case, importlib.import_module, np.random.default_rng(0))
    assert all(f.ok for f in found), [f for f in found if not f.ok]
    assert sum(f.what.startswith("refused") for f in found) == 2
    assert sum(f.what.startswith("float32") for f in found) == 3


# ---- the proofs ----


def test_a_sound_ladder_is_green_in_every_proof():
    report = prove(toy_ladder(MISTAKES["bias"]))
    assert report.ok, report.failures
    assert [row["proof"] for row in report.summary()] == list(PROOFS)
    assert report.first is None


MISTAKES = {
    "bias": Mistake(
        "forgets the slope of tanh", "numpy", "dh * (1 - self.second.x ** 2)", "dh", "gradient first.a", "chain rule"
    ),
    "forward": Mistake(
        "scales twice",
        "pytorch_lowlevel",
        'x * params["first.a"]',
        'x * params["first.a"] * 2',
        "activation first",
        "scale",
    ),
    "optimizer": Mistake(
        "learning rate doubled", "numpy", "self.lr * grads", "2 * self.lr * grads", "loss at step 1", "update"
    ),
    "leaf": Mistake(
        "not a leaf",
        "pytorch_lowlevel",
        "dtype=torch.float64).requires_grad_()",
        "dtype=torch.float64, requires_grad=True) * 0.1",
        "initialisation: raised ValueError",
        "not a leaf",
    ),
    "paper": Mistake(
        "adds in the paper level", "paper", "return x * self.a", "return x + self.a", "activation first", "sum"
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistakes_are_found_and_named(name):
    mistake = MISTAKES[name]
    if name == "leaf":
        mistake = Mistake(**{**mistake.__dict__, "first": "initialisation"})
    before = importlib.import_module("toy_numpy")
    report = prove(toy_ladder(mistake), proofs=["mistakes"])
    assert report.ok, report.failures
    assert len(report.findings) == 1
    assert importlib.import_module("toy_numpy") is before, "the sound module must come back"


def test_a_mistake_that_stays_unnoticed_or_is_named_wrong_fails():
    harmless = Mistake("harmless", "numpy", "y = a x, elementwise", "y = x a, elementwise", "loss", "none")
    assert "stayed green" in prove(toy_ladder(harmless), proofs=["mistakes"]).failures[0].message
    wrong = Mistake(**{**MISTAKES["forward"].__dict__, "first": "activation second"})
    assert "was named 'activation first'" in prove(toy_ladder(wrong), proofs=["mistakes"]).failures[0].message
    gone = Mistake(**{**MISTAKES["forward"].__dict__, "find": "no such text"})
    assert "stands 0 times" in prove(toy_ladder(gone), proofs=["mistakes"]).failures[0].message


def test_scripts_layers_checks_and_overfitting_can_fail():
    def stop(folder):
        raise RuntimeError("no data")

    broken = toy_ladder(
        scripts=(Script("stops", stop),),
        overfit=Overfit(steps=2, loss=1e-9),
        checks=(Check("seven", lambda modules, rng: [compare("seven", 6.0, 7.0)]),),
        layers=(
            LayerCase(
                "Scale",
                scale.scale_case,
                lambda params, x: x * params["a"] * 1.0001,
            ),
        ),
    )
    failures = {f.what for f in prove(broken).failures}
    assert {"script stops", "overfit", "check seven", "layer Scale: output"} <= failures


def test_unfinished_work_is_reported_as_such_and_the_rest_is_checked(tmp_path):
    begin, end = (
        scale.NUMPY.index("        dh = self.second"),
        scale.NUMPY.rindex("    def zero_grads(self):\n        self.first"),
    )
    source = f'{scale.NUMPY[:begin]}        raise NotImplementedError("Model.backward")\n{scale.NUMPY[end:]}'
    report = prove(toy_ladder(), mine=learners(tmp_path, source))
    assert not report.failures, report.failures
    assert {f.message for f in report.not_written} == {"Model.backward"}
    assert any(f.ok and f.what.startswith("layer Scale") for f in report.findings)

    report = prove(toy_ladder(), mine=learners(tmp_path, source.replace("class Model:", "class Other:")))
    assert not report.failures, report.failures
    assert {f.message for f in report.not_written} == {"Model is not defined"}


@pytest.mark.parametrize(
    ("find", "replace", "first"),
    [
        ("dh * (1 - self.second.x ** 2)", "dh", "gradient first.a"),
        ("np.tanh(self.first.forward(x))", "self.first.forward(x)", "activation second"),
        (
            'self.x = x\n        return x * self.params["a"]',
            'self.x = x\n        x *= self.params["a"]; return x',
            "batch x",
        ),
    ],
)
def test_mine_is_judged_and_the_first_divergence_named(tmp_path, find, replace, first):
    assert scale.NUMPY.count(find) == 1
    report = prove(toy_ladder(), mine=learners(tmp_path, scale.NUMPY.replace(find, replace)))
    assert report.first is not None
    assert report.first.what == first


def test_a_learners_exit_is_a_finding(tmp_path):
    mine = scale.NUMPY.replace("        self.x = x\n", "        self.x = x\n        exit()\n")
    first = prove(toy_ladder(), mine=learners(tmp_path, mine)).first
    assert first is not None
    assert first.message.startswith("raised SystemExit")


def test_unknown_proofs_and_levels_are_refused():
    with pytest.raises(KeyError, match="no proof 'proof'"):
        prove(toy_ladder(), proofs=["proof"])
    with pytest.raises(KeyError, match="no level 'jax'"):
        prove(toy_ladder(), level="jax")
