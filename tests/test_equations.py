"""Every marked equation has a line of code that computes it, and every marked line an equation."""

from __future__ import annotations

from pathlib import Path

import pytest

from rungs.pages import diagrams, equations
from rungs.pages.places import with_places
from rungs.pages.refresh import pictures
from utils.chapters import find_chapter


@pytest.fixture(autouse=True)
def _read_anew():
    for found in (equations.equations, equations.lines):
        found.cache_clear()
    yield
    for found in (equations.equations, equations.lines):
        found.cache_clear()


def test_every_equation_has_a_line_and_every_line_an_equation() -> None:
    assert equations.faults() == []
    assert {page.parent.name for page in equations.equations().values()} >= {"02_MLP", "07_Transformer"}


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one chapter, with an equation and the two lines that compute it."""
    folder = tmp_path / "01"
    (folder / "numpy").mkdir(parents=True)
    (folder / "theory.md").write_text("$$\ny = 2x\n$$\n<!-- eq: twice -->\n")
    (folder / "numpy" / "a.py").write_text(
        "def f(x):\n    # eq: twice\n    y = (\n        2 * x\n    )\n    return y  # eq: twice\n"
    )
    monkeypatch.setattr(equations, "ROOT", tmp_path)
    stub = type("Chapter", (), {"path": folder})()
    monkeypatch.setattr(equations, "written_chapters", lambda: [stub])
    return folder


def test_a_line_is_the_statement_below_or_before_its_comment(chapter: Path) -> None:
    assert equations.faults() == []
    found = [(line.equation, line.number, line.code) for line in equations.lines()]
    assert found == [("twice", 3, "y = (\n    2 * x\n)"), ("twice", 6, "return y")]
    assert equations.listed() == ["twice (01/theory.md)", "    01/numpy/a.py:3", "    01/numpy/a.py:6"]


def test_an_equation_without_a_line_and_a_line_without_an_equation_are_named(chapter: Path) -> None:
    (chapter / "theory.md").write_text("$$\ny = 3x\n$$\n<!-- eq: thrice -->\n")
    assert equations.faults() == [
        "01/theory.md: no line computes thrice",
        "01/numpy/a.py, line 3: no page has the equation twice",
        "01/numpy/a.py, line 6: no page has the equation twice",
    ]


def test_two_equations_of_one_name_are_refused(chapter: Path) -> None:
    (chapter / "activations.md").write_text("<!-- eq: twice -->\n")
    with pytest.raises(ValueError, match="two equations are called twice"):
        equations.equations()


def test_a_diagram_names_shape_parameters_and_line() -> None:
    path = find_chapter("03").path / "figures" / "lenet5.toml"
    drawn = diagrams.diagram(path, lambda file, line: f"{file.name}#{line}")
    assert "output (B, 6, 28, 28), 156 parameters" in drawn
    line = 1 + (path.parent.parent / "numpy/lenet_numpy.py").read_text().split("\n").index("class RBF(Module):")
    assert f'<a href="lenet_numpy.py#{line}">' in drawn and f"lenet_numpy.py, line {line}" in drawn


def test_edges_of_a_diagram_lead_up_as_well_as_down(tmp_path: Path) -> None:
    nodes = {"top": [0, 0], "low": [0, 1], "side": [1, 2], "left": [0, 2]}
    edges = (("top", "low"), ("low", "top"), ("left", "side"), ("side", "low"))
    text = 'title = "up and down"\ncolumns = [100, 100]\n'
    text += "".join(f'[[node]]\nid = "{name}"\nat = {at}\ntext = "{name}"\n' for name, at in nodes.items())
    text += "".join(f'[[edge]]\nfrom = "{a}"\nto = "{b}"\nshape = "{a}-{b}"\n' for a, b in edges)
    (tmp_path / "a.toml").write_text(text)
    drawn = diagrams.diagram(tmp_path / "a.toml")
    assert 'd="M54 38V67"' in drawn and "M54 72L58 65" in drawn  # from the bottom of one to the top of the next
    assert 'd="M54 72V43"' in drawn and "M54 38L50 45" in drawn  # and back, with a head that points up
    assert 'd="M246 157H54V111"' in drawn  # out of the side, then up


def test_every_edge_of_every_diagram_has_a_shape_and_every_drawing_is_fresh() -> None:
    for path, drawn in pictures():
        assert path.read_text(encoding="utf-8") == drawn, path
        for shape in drawn.split('class="shape')[1:]:
            assert not shape.partition(">")[2].startswith("<"), path


def test_a_comparison_says_where_its_code_is_and_saying_it_again_changes_nothing(tmp_path: Path) -> None:
    for level, file in (("numpy", "a_numpy.py"), ("paper", "a_paper.py")):
        (tmp_path / level).mkdir()
        (tmp_path / level / file).write_text("import x\n# --8<-- [start:a]\nclass A:\n    y = 1\n# --8<-- [end:a]\n")
    page = tmp_path / "README.md"
    written = with_places("### A\n\n<!-- compare: a -->\n\n### B\n", page)
    links = "[NumPy](numpy/a_numpy.py#L3), [paper](paper/a_paper.py#L3)"
    assert written == f"### A\n\n<!-- compare: a -->\n\nIn code: {links}\n\n### B\n"
    assert with_places(written, page) == written
    (tmp_path / "numpy" / "a_numpy.py").write_text("# --8<-- [start:a]\nclass A:\n# --8<-- [end:a]\n")
    assert "a_numpy.py#L2)" in with_places(written, page)
