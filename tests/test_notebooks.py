"""The chapters' notebooks: in step with their text, small, free of this machine, and run from a fresh kernel."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from matplotlib.figure import Figure

from rungs.pages import notebooks
from rungs.pages.notebooks import execute, read_text, texts
from rungs.pages.path import notebooks as chapter_notebooks
from rungs.pages.path import path_list
from rungs.pages.publish.notebook import notebook_page
from utils.chapters import ROOT, find_chapter
from utils.notebooks import caption, compare, lines_that_compute, show

TEXTS = {path.relative_to(ROOT).as_posix(): path for path in texts()}
SAMPLE = "01_Linear_Logistic/notebooks/linear_notebook.py"
KB = 400
PATHS = re.compile(r"(?<![\w.:/])/(?:home|Users|root|tmp|usr|opt|var|mnt|work)/|[A-Z]:\\\\|site-packages")

every = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def cells(notebook) -> list[tuple[str, str, str]]:
    return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]


def shown_code(notebook) -> list[str]:
    """What `utils.notebooks.source` displayed."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data["text/markdown"] for output in outputs if "text/markdown" in output.get("data", {})]


def written(text: Path):
    return nbformat.read(text.with_suffix(".ipynb"), as_version=4)


def breaches(text: Path) -> list[str]:
    """What is wrong with the notebook that lies beside a text file."""
    path = text.with_suffix(".ipynb")
    if not path.exists():
        return ["is missing"]
    notebook, found = written(text), []
    if cells(notebook) != cells(read_text(text)):
        found.append("has other cells than its text")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("was not run from top to bottom")
    if not any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs):
        found.append("shows no figure")
    if any(output.output_type == "error" for cell in code for output in cell.outputs):
        found.append("shows an error")
    if path.stat().st_size > KB * 1000:
        found.append(f"is larger than {KB} KB")
    if names := PATHS.findall(path.read_text(encoding="utf-8")):
        found.append(f"names a path of a machine: {names[0]}")
    return found


@every
def test_the_notebook_is_that_of_its_text(text):
    assert breaches(text) == [], "make notebooks"


def test_every_written_chapter_has_one():
    counts = {name: len(list((find_chapter(name).path / "notebooks").glob("*.ipynb"))) for name in ("01", "02", "03")}
    assert counts == {"01": 1, "02": 2, "03": 1}
    assert {text.parts[-3] for text in TEXTS.values()} >= {"05_ResNet", "07_Transformer"}
    strays = [p for p in ROOT.glob("*/notebooks/*.ipynb") if not p.with_suffix(".py").exists()]
    assert strays == []


def runs_as_shown(text: Path) -> None:
    """Executes from a fresh kernel, and shows the code as it is today."""
    fresh = execute(text)
    assert shown_code(fresh) == shown_code(written(text)), "make notebooks"


def test_the_first_notebook_runs():
    runs_as_shown(TEXTS[SAMPLE])


@pytest.mark.whole
@pytest.mark.parametrize("name", [name for name in TEXTS if name != SAMPLE])
def test_every_other_notebook_runs(name):
    runs_as_shown(TEXTS[name])


# ---- the rules, broken ----

TEXT = """# %% [markdown]
# # A question
# %%
print(1 + 1)
"""
PICTURE = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "aGk="}}


@pytest.fixture
def sound(tmp_path):
    """A text with a notebook that breaks no rule."""
    text = tmp_path / "small_notebook.py"
    text.write_text(TEXT, encoding="utf-8")
    notebook = read_text(text)
    notebook.cells[1].outputs = [nbformat.from_dict(PICTURE)]
    notebook.cells[1].execution_count = 1
    nbformat.write(notebook, text.with_suffix(".ipynb"))
    assert breaches(text) == []
    return text, notebook


def stream(text: str):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (lambda code: code.update(source="print(2)"), "has other cells than its text"),
        (lambda code: code.update(execution_count=3), "was not run from top to bottom"),
        (lambda code: code.update(outputs=[]), "shows no figure"),
        (lambda code: code.outputs.append(stream("x" * KB * 1000)), f"is larger than {KB} KB"),
        (lambda code: code.outputs.append(stream("in /" + "home/me/rungs")), "names a path of a machine: /" + "home/"),
        (lambda code: code.outputs.append(nbformat.v4.new_output("error", ename="E", evalue="")), "shows an error"),
    ],
)
def test_each_rule_rejects_a_breach(sound, change, breach):
    text, notebook = sound
    change(notebook.cells[1])
    nbformat.write(notebook, text.with_suffix(".ipynb"))
    assert breaches(text) == [breach]
    text.with_suffix(".ipynb").unlink()
    assert breaches(text) == ["is missing"]


def test_what_is_written_is_the_same_each_time(tmp_path, monkeypatch, capsys):
    """Also that the kernel is a new one, in the notebook's folder, and that no time and no version is recorded."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    text = tmp_path / "small_notebook.py"
    text.write_text(f"{TEXT}\n# %%\nimport os\n\nprint(os.path.samefile('.', {os.fspath(tmp_path)!r}))\n")
    notebooks.write([text])
    first = text.with_suffix(".ipynb").read_bytes()
    notebooks.write([text])
    assert text.with_suffix(".ipynb").read_bytes() == first
    notebook = written(text)
    assert [cell.outputs[0].text for cell in notebook.cells[1:]] == ["2\n", "True\n"]
    assert notebook.metadata.language_info == {"name": "python"}
    assert not any("execution" in cell.metadata for cell in notebook.cells)
    assert capsys.readouterr().out.startswith("small_notebook.ipynb: ")


# ---- the page of a notebook ----


def test_the_page_has_text_code_and_outputs(sound):
    text, notebook = sound
    code = notebook.cells[1]
    code.outputs[0].metadata = {"image/png": {"alt": 'Loss & "steps"'}}
    code.outputs += [
        stream("2\n"),
        nbformat.v4.new_output("display_data", {"text/markdown": "```python\ny = x\n```"}),
    ]
    nbformat.write(notebook, text.with_suffix(".ipynb"))
    page = notebook_page(text.with_suffix(".ipynb"))
    order = [
        "# A question\n\nThis page is a notebook",
        '<a href="small_notebook.ipynb" download>',
        "print(1 + 1)",
        '<img alt="Loss &amp; &quot;steps&quot;" src="data:image/png;base64,aGk=">',
        "\n2\n",
        "```python\ny = x\n```",
    ]
    places = [page.find(part) for part in order]
    assert places == sorted(places)
    assert -1 not in places


def test_the_pages_of_the_chapter_link_its_notebooks():
    chapter = find_chapter("02")
    assert list(chapter_notebooks(chapter).values()) == ["Which bend should it be?", "What do hidden layers buy?"]
    assert "[What do hidden layers buy?](notebooks/mlp_notebook.ipynb)" in path_list(chapter, chapter.path)
    assert "(../notebooks/mlp_notebook.ipynb)" in path_list(chapter, chapter.path / "exercises")


# ---- what the notebooks use ----


def test_a_figure_is_shown_small_and_told_in_words(monkeypatch):
    from utils.figures.curves import curves

    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    show(curves({"a": [1.0, 2.0]}, ylabel="loss"))
    show(curves({"a": [1.0, 2.0]}, title="Two steps"))
    assert [image.alt for image in shown] == ["loss", "Two steps"]
    assert all(len(image.data) < 20_000 for image in shown)
    assert caption(Figure()) == "images"


FUNCTION = '''
    def f(self, x):
        """What it does.

        Returns: y
        """
        if x.ndim != 2:
            raise ValueError(
                "two lines"
            )
        if x.size:
            x = 2 * x
        return x  # (B, D)
'''


def test_the_lines_that_compute():
    assert lines_that_compute(FUNCTION.strip("\n")) == (
        "def f(self, x):\n    if x.size:\n        x = 2 * x\n    return x  # (B, D)"
    )


def test_compare(capsys):
    import torch

    compare({"y": [1.0, -2.0]}, {"y": torch.tensor([1.0, -2.5], requires_grad=True)})
    assert capsys.readouterr().out.splitlines()[1].split() == ["y", "(2,)", "2", "5.0e-01"]
    with pytest.raises(ValueError, match=r"y is \(2,\) on one side and \(1,\) on the other"):
        compare({"y": [1.0, 2.0]}, {"y": [1.0]})
    with pytest.raises(ValueError, match=r"the same names twice, got \['y'\] and \['x'\]"):
        compare({"y": [1.0]}, {"x": [1.0]})
