"""Formulas in a terminal: no word of TeX is left, and no bracket that TeX's groups stand for is lost."""

from __future__ import annotations

import re

import pytest

from rungs.catalogue.exercise import Exercise
from rungs.catalogue.loading import all_exercises
from rungs.exercise.plain_math import plain, readable

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$(?!\d)", re.DOTALL)
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
GROUP = re.compile(r"\^ *{([^{}]*)}")
NAMES = {"arg", "argmax", "argmin", "cos", "exp", "ln", "log", "max", "min", "sin", "tanh"}


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"e^{s - \top}", "e^(s - ⊤)"),
        (r"e^{s-t} + x_{n-1}^2", "e^(s-t) + x_(n-1)²"),
        (r"W^\top x^{-1}", "Wᵀx⁻¹"),
        (r"\frac{\partial L}{\partial W} = 2\alpha W", "∂L/∂W = 2αW"),
        (r"\frac{a + b}{c - d} e", "((a + b)/(c - d)) e"),
        (r"\frac12 x", "(1/2) x"),
        (r"\frac{1}{2N}", "1/(2N)"),
        (r"\sqrt{a + b} / \sqrt{d_k}", "√(a + b) / √d_k"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix} x", "[a, b; c, d] x"),
        (r"\begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}", "{ x, x > 0; 0, else }"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b\nc = d"),
        (r"\sum_{\substack{i < j \\ j > k}} x", "∑_(i < j; j > k) x"),
        (r"\operatorname{softmax}(z)_{2c}", "softmax(z)_(2c)"),
        (r"\log\big(1 + e^{-\lvert z\rvert}\big)", "log(1 + e^(-|z|))"),
        (r"t \in \{0, 1\}", "t ∈ {0, 1}"),
        (r"\frac{\frac12}{3} x", "((1/2)/3) x"),
    ],
)
def test_a_formula(formula: str, text: str) -> None:
    assert plain(formula) == text


def test_what_is_code_stays() -> None:
    text = "`$HOME` costs $x^{a+b}$\n\n```sh\necho $x $y\n```\n"
    assert readable(text) == text.replace("$x^{a+b}$", "`x^(a+b)`")


@pytest.mark.parametrize("exercise", all_exercises(), ids=lambda exercise: exercise.alias)
def test_no_formula_of_an_exercise_is_left_in_tex(exercise: Exercise) -> None:
    faults = {formula: said for formula in formulas(exercise) if (said := fault(formula, plain(formula)))}
    assert not faults


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"e^{s-t}", "e^s-t"),
        (r"\frac{1}{n}", "frac 1n"),
        (r"\begin{cases} 1 \end{cases}", "begin cases 1"),
        (r"\alpha(x)", "α(x"),
        (r"\foo x", r"\foo x"),
    ],
)
def test_the_rule_sees(formula: str, text: str) -> None:
    assert fault(formula, text)


def formulas(exercise: Exercise) -> list[str]:
    """Of everything that a terminal shows of an exercise."""
    texts = [exercise.task, *exercise.hints, exercise.explanation, *(m.text for m in exercise.misconceptions())]
    return [match[1] or match[2] for text in texts for match in FORMULA.finditer(CODE.sub("", text))]


def fault(formula: str, text: str) -> str:
    """What of TeX is left in the text of a formula, or what is lost; empty if all is well."""
    if "\\" in text or re.search("[\ue000\ue001]", text):
        return "a backslash or a mark"
    names = {name for name in re.findall(r"\\([A-Za-z]{2,})", formula) if name not in NAMES}
    names |= set(re.findall(r"\\(?:begin|end){(\w+)}", formula))
    if left := [name for name in names if re.search(rf"(?<![A-Za-z]){name}(?![A-Za-z])", text)]:
        return f"the words {left}"
    if any(text.count(opening) != text.count(closing) for opening, closing in ("()", "{}")) and _balanced(formula):
        return "brackets that do not close"
    for group in GROUP.findall(formula):
        inside = plain(group)
        if len(re.sub(r"\W", "", inside)) > 1 and not inside.isdigit() and f"^({inside})" not in text:
            return f"the exponent {group}"
    return ""


def _balanced(formula: str) -> bool:
    return formula.count("(") == formula.count(")")
