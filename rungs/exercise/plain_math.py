"""Formulas in a terminal: the TeX of a task as text that can be read, for the commands that print Markdown.

pylatexenc parses the TeX and knows its symbols. It drops the braces that TeX groups with, so that `e^{s-t}` would become
`e^s-t`; here they turn into brackets wherever the meaning hangs on them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
FRACTION = "\ue000{}\ue001"  # private marks: whether a fraction needs brackets shows in what follows it
FRACTIONS = re.compile("\ue000([^\ue000\ue001]*)\ue001(?= *([^ ])?)")
RELATIONS = "[≤≥≠≈∈⊂∝→⇒⟹←↦·×⊙≪≫∼]"
SPACING = re.compile(rf"(?<=[^\s(])(?=[+\-=] )|(?<=\S)(?={RELATIONS})|(?<={RELATIONS})(?=\S)")
FACTOR = re.compile(r"[\w(\[|‖√∑∏∫∂∇⟨\ue000]")
FUNCTIONS = ("arg", "argmax", "argmin", "cos", "exp", "ln", "log", "max", "min", "sin", "tanh")
WRAPPERS = ("mathbf", "mathcal", "mathrm", "mathrel", "operatorname", "text", "textbf", "boldsymbol")
SIZES = ("big", "Big", "bigl", "bigr", "Bigl", "Bigr", "left", "right", "textstyle", "displaystyle")


def plain(formula: str) -> str:
    r"""`\frac{\partial L}{\partial W} = e^{s - t}` -> "∂L/∂W = e^(s - t)"; the rows of an alignment on lines of their own."""
    text = _converter().latex_to_text(" ".join(formula.split()))
    while "\ue000" in text:  # fractions inside each other, innermost first
        text = FRACTIONS.sub(lambda m: f"({m[1]})" if FACTOR.match(m[2] or "") else m[1], text)
    text = text.replace("^⊤", "ᵀ").replace("^'", "'")
    text = re.sub(rf"\b({'|'.join(FUNCTIONS)}) +(?=[_^'(])", r"\1", text)
    text = re.sub(r"\+ +=", "+=", SPACING.sub(" ", text))
    text = re.sub(r"\^(?:(\d)(?!\d)|\((-\d)\))", lambda m: (m[1] or m[2]).translate(SUPERSCRIPTS), text)
    lines = (re.sub(r"(?<=[(\[|]) | (?=[)\],;])", "", " ".join(line.split())) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def readable(markdown: str) -> str:
    """Markdown in which every formula is code that can be read; what is code already stays as it is."""
    parts = re.split(r"(^```.*?^```|`[^`\n]+`)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("`") else _formulas(part) for part in parts)


def _formulas(text: str) -> str:
    text = re.sub(r"\$\$(.+?)\$\$", lambda m: f"\n```text\n{plain(m[1])}\n```\n", text, flags=re.DOTALL)
    return re.sub(r"(?<![\\$])\$([^$]+?)\$(?!\d)", lambda m: f"`{' '.join(plain(m[1]).split())}`", text)


@cache
def _converter() -> Any:
    """pylatexenc's converter with the macros of the pages, and with brackets for its groups."""
    from pylatexenc.latex2text import (
        EnvironmentTextSpec,
        LatexNodes2Text,
        MacroTextSpec,
        get_default_latex_context_db,
    )
    from pylatexenc.latexwalker import get_default_latex_context_db as get_parser_db
    from pylatexenc.macrospec import std_environment, std_macro

    class Converter(LatexNodes2Text):
        def group_node_to_text(self, node: Any) -> str:
            inside = self.nodelist_to_text(node.nodelist).strip()
            before = node.parsing_state.s[: node.pos].rstrip()[-1:]
            one = {"^": r"[^\W_]|\d+|\W", "_": r"[^\W\d]\w*|\d+"}.get(before)
            return inside if one is None or re.fullmatch(one, inside) else f"({inside})"

        def latex_to_text(self, latex: str, **settings: Any) -> str:
            from pylatexenc.latexwalker import LatexWalker

            return self.nodelist_to_text(LatexWalker(latex, latex_context=parser, **settings).get_latex_nodes()[0])

    def argument(node: Any, number: int, converter: Any) -> str:
        return converter.nodelist_to_text([node.nodeargd.argnlist[number]]).strip()

    def fraction(node: Any, l2tobj: Any) -> str:
        top, bottom = (argument(node, number, l2tobj) for number in (0, 1))
        return FRACTION.format(f"{_operand(top)}/{_operand(bottom, below=True)}")

    def root(node: Any, l2tobj: Any) -> str:
        return f"√{_operand(argument(node, 1, l2tobj), below=True)}"

    def mean(node: Any, l2tobj: Any) -> str:
        return f"mean({argument(node, 0, l2tobj)})"

    def rows(opening: str, row: str, closing: str) -> Any:
        def convert(node: Any, l2tobj: Any) -> str:
            table: list[list[list[Any]]] = [[[]]]
            for inner in node.nodelist:
                if getattr(inner, "macroname", "") == "\\":
                    table.append([[]])
                elif getattr(inner, "specials_chars", "") == "&":
                    table[-1].append([])
                else:
                    table[-1][-1].append(inner)
            texts = [[l2tobj.nodelist_to_text(nodes).strip() for nodes in line] for line in table]
            lines = (", ".join(filter(None, line)) for line in texts if any(line))
            return opening + row.join(re.sub(r", (?=[=<>≤≥≈])", " ", line) for line in lines) + closing

        return convert

    environments = {
        "cases": rows("{ ", "; ", " }"),
        "pmatrix": rows("[", "; ", "]"),
        "aligned": rows("\n", "\n", "\n"),
    }
    fractions, marked = ("frac", "tfrac", "dfrac"), ("underbrace", "overline", *WRAPPERS)
    parser = get_parser_db()
    parser.add_context_category(
        "pages",
        prepend=True,
        macros=[
            *(std_macro(name, False, 2) for name in fractions),
            *(std_macro(name, False, 1) for name in (*marked, "substack")),
            *(std_macro(name, False, 0) for name in SIZES),
        ],
        environments=[std_environment(name, None) for name in environments],
    )
    symbols = get_default_latex_context_db()
    symbols.add_context_category(
        "pages",
        prepend=True,
        macros=[
            *(MacroTextSpec(name, fraction) for name in fractions),
            *(MacroTextSpec(name, "%s") for name in WRAPPERS),
            *(MacroTextSpec(name, "") for name in SIZES),
            *(MacroTextSpec(name, f" {name} ") for name in FUNCTIONS),
            *(MacroTextSpec(name, "  ") for name in ("quad", "qquad", ",", ";", ":", "!", " ")),
            *(
                MacroTextSpec(name, bar)
                for name, bar in {"lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|"}.items()
            ),
            MacroTextSpec("sqrt", root),
            MacroTextSpec("overline", mean),
            MacroTextSpec("underbrace", "(%s)"),
            MacroTextSpec("substack", "%s"),
            MacroTextSpec("\\", "; "),
            MacroTextSpec("varepsilon", "ε"),
            MacroTextSpec("epsilon", "ε"),
        ],
        environments=[EnvironmentTextSpec(name, convert) for name, convert in environments.items()],
    )
    return Converter(latex_context=symbols, strict_latex_spaces=False)


def _operand(text: str, *, below: bool = False) -> str:
    """A side of a fraction, or what a root is taken of: in brackets unless it is one symbol; above, a product is one too."""
    index = r"(?:[_^](?:\w+|\([^()]*\))|\u0302)*"
    symbol = rf"(?:\d+|[∂d]?[^\W\d_]{index}|√\w+)"
    whole = symbol if below else rf"{symbol}+|[^\W\d_]+"
    return text if re.fullmatch(whole, text) else f"({text})"
