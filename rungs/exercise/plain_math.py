"""Formulas in a terminal: the LaTeX of a task as text that can be read, for the commands that print Markdown."""

from __future__ import annotations

import re

SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ",
    "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "omega": "ω",
    "Delta": "Δ", "Sigma": "Σ", "Omega": "Ω", "Theta": "Θ", "partial": "∂", "nabla": "∇", "sum": "Σ", "prod": "Π",
    "int": "∫", "infty": "∞", "cdot": "·", "times": "×", "odot": "⊙", "circ": "∘", "pm": "±", "le": "≤", "leq": "≤",
    "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "~", "propto": "∝", "in": "∈", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "mapsto": "↦", "ldots": "...", "dots": "...", "cdots": "···", "top": "T",
    "ell": "l", "lVert": "‖", "rVert": "‖", "Vert": "‖", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "mid": "|", "quad": "  ", "qquad": "    ", "exp": "exp", "log": "log", "max": "max", "min": "min", "tanh": "tanh",
}  # fmt: skip
WRAPPERS = (
    "text|mathrm|mathbf|mathbb|mathcal|boldsymbol|operatorname|bm|left|right|big|Big|bigl|bigr|Bigl|Bigr|displaystyle"
)


def plain(formula: str) -> str:
    r"""`\frac{\partial L}{\partial W} = 2\alpha W` -> "∂L/∂W = 2α W"."""
    text = " ".join(formula.split())
    text = re.sub(rf"\\(?:{WRAPPERS})\b\s*", "", text)
    for _ in range(4):  # fractions and roots inside each other, innermost first
        text = re.sub(r"\\[dt]?frac\s*{([^{}]*)}\s*{([^{}]*)}", lambda m: f"{_group(m[1])}/{_group(m[2])}", text)
        text = re.sub(r"\\sqrt\s*{([^{}]*)}", r"√(\1)", text)
        text = re.sub(r"\\(?:bar|overline)\s*({[^{}]*}|\w)", lambda m: "mean " + m[1].strip("{}"), text)
        text = re.sub(r"\\(?:hat|tilde|vec)\s*({[^{}]*}|\w)", lambda m: m[1].strip("{}") + "^", text)
        text = re.sub(r"([_^]){(\w|\\\w+)}", r"\1\2", text)
        text = re.sub(r"([_^]){([^{}]*)}", lambda m: f"{m[1]}({m[2].strip()})", text)
    text = re.sub(r"\\([A-Za-z]+) ?", lambda m: SYMBOLS.get(m[1], m[1] + " "), text)
    text = re.sub(r"\\[,;:! ]", " ", text).replace("\\\\", "; ").replace("\\", "").replace("&", "")
    return " ".join(text.replace("{", "").replace("}", "").replace("^T", "ᵀ").replace("^2", "²").split())


def _group(text: str) -> str:
    text = text.strip()
    return text if re.fullmatch(r"(\\partial\s*)?(\d+|\\\w+|\w)(_\w+)?", text) else f"({text})"


def readable(markdown: str) -> str:
    """Markdown in which every formula is code that can be read."""
    text = re.sub(r"\$\$(.+?)\$\$", lambda m: f"\n```text\n{plain(m[1])}\n```\n", markdown, flags=re.DOTALL)
    return re.sub(r"(?<![\\$`])\$([^$\n]+?)\$(?!\d)", lambda m: f"`{plain(m[1])}`", text)
