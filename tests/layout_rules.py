"""The rules of the layout, as functions of a repository root that return breaches; `test_layout.py` applies and breaks them."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from utils.chapters import IMPORT_ROOTS, Chapter, import_roots

SUFFIX = {"numpy": "_numpy", "pytorch_lowlevel": "_lowlevel"}
# The torch names that the low level may not touch: layers, modules, optimizers.
NO_LOWLEVEL = ("torch.nn", "torch.optim")
FUNCTIONAL = "torch.nn.functional"


def missing_import_roots(root: Path, chapters: list[Chapter]) -> list[str]:
    """Level folders that pyproject.toml does not put on the path, for the interpreter and for pyright, and the reverse."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    wanted = {".", *import_roots(chapters, root)}
    breaches = []
    for where, listed in (
        ("dev-mode-dirs", set(project["hatch"]["build"]["targets"]["wheel"]["dev-mode-dirs"])),
        ("pyright extraPaths", set(project["pyright"]["extraPaths"])),
    ):
        breaches += [f"{where} lacks {name}" for name in sorted(wanted - listed)]
        breaches += [f"{where} lists {name}, which is not there" for name in sorted(listed - wanted)]
    return breaches


def init_files(root: Path, chapters: list[Chapter]) -> list[str]:
    """`__init__.py` inside a chapter would let its `numpy/` folder shadow NumPy."""
    return [str(p.relative_to(root)) for c in chapters for p in sorted((root / c.folder).rglob("__init__.py"))]


def repeated_modules(root: Path, chapters: list[Chapter]) -> list[str]:
    """Module names that two level folders share, or that hide a module of the standard library or of the packages."""
    names = Counter(p.stem for folder in import_roots(chapters, root) for p in (root / folder).glob("*.py"))
    taken = sys.stdlib_module_names | {"torch", "numpy", "timm", "transformers", "utils", "rungs", "tests"}
    return [f"{name} stands in {n} folders" for name, n in names.items() if n > 1] + [
        f"{name} hides an installed module" for name in names if name in taken
    ]


def bad_imports(root: Path, chapters: list[Chapter]) -> list[str]:
    """Imports that the design does not allow at a level, or from a chapter that this one does not build on."""
    order = {chapter.folder: i for i, chapter in enumerate(chapters)}
    home = {
        p.stem: (c.folder, level)
        for c in chapters
        for level in IMPORT_ROOTS
        for p in (root / c.folder / level).glob("*.py")
    }
    breaches = []
    for chapter in chapters:
        known = needed(chapter, chapters)
        earlier = {name for c in chapters[: order[chapter.folder]] for name in c.writes_out}
        for path in sorted((root / chapter.folder).rglob("*.py")):
            where = path.relative_to(root)
            level = where.parts[1] if len(where.parts) > 2 else ""
            is_test = path.stem.startswith("test_")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for name in imported_names(ast.walk(tree)):
                top = name.split(".")[0]
                folder, kind = home.get(top, (chapter.folder, ""))
                reason = ""
                if top == "rungs":
                    reason = "chapters never import rungs"
                elif order[folder] > order[chapter.folder]:
                    reason = f"{folder} is a later chapter"
                elif folder not in known:
                    reason = f"{chapter.folder} does not need {folder}"
                elif not is_test and level == "numpy":
                    reason = _numpy_breach(top, home)
                elif not is_test and level == "pytorch_lowlevel":
                    reason = _lowlevel_breach(name, top, home)
                elif not is_test and level == "paper":
                    reason = _paper_breach(top, kind)
                if reason:
                    breaches.append(f"{where} imports {name}: {reason}")
            if level == "pytorch_lowlevel" and not is_test:
                breaches += [f"{where} uses {name}: written out by hand at this level" for name in _torch_layers(tree)]
                breaches += [
                    f"{where} uses F.{name}, which no earlier chapter writes out (chapters.toml)"
                    for name in _functional_names(tree)
                    if name not in earlier
                ]
    return breaches


def needed(chapter: Chapter, chapters: list[Chapter]) -> set[str]:
    """The folders of the chapter and of all that it needs, at first or at second hand."""
    return {chapter.folder}.union(*(needed(c, chapters) for c in chapters if c.id in chapter.needs))


def _numpy_breach(top: str, home: dict[str, tuple[str, str]]) -> str:
    if top in sys.stdlib_module_names or top == "numpy":
        return ""
    if top in home:
        return "" if home[top][1] == "numpy" else "it is of another level"
    return "the numpy level has the standard library and NumPy"


def _lowlevel_breach(name: str, top: str, home: dict[str, tuple[str, str]]) -> str:
    if any(name == bad or name.startswith(bad + ".") for bad in NO_LOWLEVEL) and not name.startswith(FUNCTIONAL):
        return "no nn modules and no torch.optim at the low level"
    if top in sys.stdlib_module_names or top in ("torch", "numpy"):
        return ""
    if top in home:
        return "" if home[top][1] == "pytorch_lowlevel" else "it is of another level"
    return "the low level has torch tensors and autograd"


def _paper_breach(top: str, level: str) -> str:
    if top in ("transformers", "timm"):
        return "the paper level uses neither transformers nor timm"
    return "a model and its training know nothing of its proofs" if level == "proofs" else ""


def imported_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every name that these nodes import, dotted: `from torch import nn` gives torch.nn."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _torch_layers(tree: ast.AST) -> list[str]:
    """Uses such as `torch.nn.Linear` or `torch.optim.SGD` that need no import of their own."""
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    layers = {name for name in names if name.startswith(tuple(bad + "." for bad in NO_LOWLEVEL))}
    return sorted(name for name in layers if not f"{name}.".startswith(FUNCTIONAL + "."))


def _functional_names(tree: ast.AST) -> list[str]:
    """Operations of torch.nn.functional that the source uses, under whatever alias."""
    aliases, names = {FUNCTIONAL}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname for alias in node.names if alias.name == FUNCTIONAL and alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "torch.nn":
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == "functional"}
        elif isinstance(node, ast.ImportFrom) and node.module == FUNCTIONAL:
            names |= {alias.name for alias in node.names}
    names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and ast.unparse(n.value) in aliases}
    return sorted(names)


def files_of_level(root: Path, chapters: list[Chapter]) -> list[str]:
    """Level modules whose name does not end as their level's do."""
    return [
        f"{folder}/{p.name} should be called *{suffix}.py"
        for c in chapters
        for level, suffix in SUFFIX.items()
        for folder in [f"{c.folder}/{level}"]
        for p in sorted((root / folder).glob("*.py"))
        if not p.stem.startswith("test_") and not p.stem.endswith(suffix)
    ]


def stubs(root: Path, chapters: list[Chapter]) -> list[str]:
    """A method that each subclass writes is an `abstractmethod`: forgetting it fails at once, not in the middle of a run."""
    return [
        f"{folder}/{p.name}, line {node.lineno}, raises NotImplementedError"
        for folder in import_roots(chapters, root)
        for p in sorted((root / folder).glob("*.py"))
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and node.exc and ast.unparse(node.exc).startswith("NotImplementedError")
    ]


def import_circles(root: Path, chapters: list[Chapter]) -> list[str]:
    """Modules of utils/ and rungs/ that import each other, the first such circle."""
    try:
        TopologicalSorter(import_graph(root)).prepare()
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


def import_graph(root: Path) -> dict[str, set[str]]:
    """Module of utils/ and rungs/ -> those of them that it imports outside its functions, `if TYPE_CHECKING` included."""
    files = {}
    for path in sorted(p for folder in ("utils", "rungs") for p in (root / folder).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    graph = {}
    for module, path in files.items():
        graph[module] = set()
        for name in imported_names(_outside_functions(ast.parse(path.read_text(encoding="utf-8")))):
            parts = name.split(".")
            found = [p for i in range(len(parts)) if (p := ".".join(parts[: i + 1])) in files]
            # The packages around a module are loaded before it, save those that this one lies in itself.
            graph[module] |= {p for p in found if not f"{module}.".startswith(f"{p}.")} | {*found[-1:]}
        graph[module].discard(module)
    return graph


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _outside_functions(child)


def long_files(root: Path, chapters: list[Chapter], limit: int = 350) -> list[str]:
    """Source files of the chapters, of utils/ and of rungs/ that are not read in one sitting."""
    files = [root / chapter.folder / "ladder.py" for chapter in chapters]
    files += [p for folder in import_roots(chapters, root) for p in sorted((root / folder).glob("*.py"))]
    files += [p for folder in ("utils", "rungs") for p in sorted((root / folder).rglob("*.py"))]
    return [
        f"{p.relative_to(root).as_posix()} has {lines} lines"
        for p in files
        if p.exists() and not p.stem.startswith("test_")
        if (lines := len(p.read_text(encoding="utf-8").splitlines())) > limit
    ]


LEVEL_SUFFIXES = ("_numpy", "_lowlevel", "_paper")


def proofs_that_import_a_level(root: Path, chapters: list[Chapter]) -> list[str]:
    """What is proved comes through `load`: a module that `proofs/` or `ladder.py` imports itself is always ours, and a
    learner's file or a planted mistake in its place would never run."""
    breaches = []
    for chapter in chapters:
        folder = root / chapter.folder
        for path in [*sorted((folder / "proofs").glob("*.py")), *folder.glob("ladder.py")]:
            where = path.relative_to(root).as_posix()
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {name.split(".")[0] for name in imported_names(ast.walk(tree))}
            breaches += [
                f"{where} imports {name}: ask `load` for it" for name in sorted(names) if name.endswith(LEVEL_SUFFIXES)
            ]
            for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
                if ast.unparse(call.func).split(".")[-1] not in ("import_module", "__import__"):
                    continue
                name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
                if not isinstance(name, str) or name.split(".")[0].endswith(LEVEL_SUFFIXES):
                    breaches.append(f"{where}, line {call.lineno}, imports {ast.unparse(call)}: ask `load` for it")
    return breaches
