"""The pages say what is so: links lead somewhere, commands exist, quotes and outputs are those of the code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import doc_blocks
from utils.chapters import ROOT, all_chapters

PAGES = {str(page.relative_to(ROOT)): page for page in doc_blocks.pages()}
FENCE = re.compile(r"^([ \t]*)(```+|~~~+)(?P<language>\w*)[^\n]*\n(?P<code>.*?)^\1\2[ \t]*$", re.M | re.S)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")


def prose(text: str) -> str:
    """The page without its code."""
    return INLINE.sub("", FENCE.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors that a code host gives to the headings of a page."""
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*#*$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        names.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return names


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page = PAGES[name]
    broken = []
    for match in LINK.finditer(prose(page.read_text(encoding="utf-8"))):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            broken.append(f"{target}: no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            broken.append(f"{target}: {file.name} has no such heading")
    assert not broken, f"{name}: {broken}"


def commands(text: str) -> list[list[str]]:
    """Every `rungs ...` and `make ...` that the page tells the reader to type, as words."""
    lines = [
        line.removeprefix("$ ")
        for m in FENCE.finditer(text)
        if m["language"] in ("sh", "bash", "console")
        for line in m["code"].splitlines()
    ]
    lines += INLINE.findall(FENCE.sub("", text))
    words = [re.split(r"\s#", line.strip())[0].removeprefix("uv run ").split() for line in lines]
    return [w for w in words if len(w) > 1 and w[0] in ("rungs", "make")]


@pytest.mark.parametrize("name", PAGES)
def test_commands_exist(name: str) -> None:
    import typer.main

    from rungs.app import app

    known = typer.main.get_command(app).commands  # pyright: ignore[reportAttributeAccessIssue]
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    wrong = []
    for program, *words in commands(PAGES[name].read_text(encoding="utf-8")):
        if program == "make":
            wrong += [f"make {w}" for w in words if "=" not in w and w not in targets]
        elif not words[0].startswith("-"):
            if words[0] not in known:
                wrong.append(f"rungs {words[0]}")
                continue
            options = {o for p in known[words[0]].params for o in (*p.opts, *p.secondary_opts)} | {"--help", "--debug"}
            wrong += [
                f"rungs {words[0]} {w}" for w in words[1:] if w.startswith("-") and w.split("=")[0] not in options
            ]
    assert not wrong, f"{name} names what does not exist: {wrong}"


@pytest.mark.parametrize(
    "name",
    [n for n, p in PAGES.items() if re.search(r"^<!-- (run|from: .*) -->$", p.read_text(encoding="utf-8"), re.M)],
)
def test_quotes_and_outputs_are_those_of_the_code(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    marks = len(re.findall(r"^<!-- (?:run|from: .*) -->$", text, re.M))
    assert marks == len(doc_blocks.RUN.findall(text)) + len(doc_blocks.QUOTE.findall(text)), "a mark without its fences"
    assert doc_blocks.renewed(text) == text, f"{name} is out of date: python -m tests.doc_blocks"


def test_stale_quotes_and_outputs_are_found() -> None:
    ran = "<!-- run -->\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    assert doc_blocks.renewed(ran) == ran.replace("3\n", "2\n")
    quoted = "<!-- from: 01_Linear_Logistic/numpy/linear_numpy.py mse -->\n```python\npass\n```\n"
    assert "class MSELoss" in doc_blocks.renewed(quoted)
    whole = "<!-- from: 02_MLP/paper/configs/tiny.yaml -->\n```yaml\nepochs: 1\n```\n"
    assert (ROOT / "02_MLP/paper/configs/tiny.yaml").read_text(encoding="utf-8") in doc_blocks.renewed(whole)
    with pytest.raises(ValueError, match="marks section 'nothing' 0 times"):
        doc_blocks.renewed(quoted.replace("mse -->", "nothing -->"))


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("README.md", "chapters"),
        ("00_Overview.md", "chapter-graph"),
        ("docs/02_NumPy_vs_PyTorch_Comparison.md", "benchmarks"),
    ],
)
def test_generated_blocks_are_filled(name: str, block: str) -> None:
    found = re.search(
        rf"^<!-- generated: {block} -->\n(.*?)^<!-- /generated -->$",
        PAGES[name].read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert found, f"{name} has no generated block {block}"
    assert found[1].strip(), f"{name}: block {block} is empty: rungs refresh"


def test_every_chapter_is_in_the_guide() -> None:
    headings = re.findall(r"^### (.+)$", PAGES["00_Overview.md"].read_text(encoding="utf-8"), re.M)
    for chapter in all_chapters():
        assert any(h.endswith(chapter.title) for h in headings), f"00_Overview.md has no section on {chapter.title}"


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_machine_paths_and_registry_hosts() -> None:
    """A checkout says nothing of the machine it was made on, nor where its packages came from."""
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs.org", "conda.anaconda" + ".org"]
    paths = re.compile(r"(?<![\w./])/(?:work|root|home|Users)/\w|[A-Z]:\\\\?Users")
    found = []
    for file in tracked_files():
        data = file.read_bytes()
        if b"\0" in data:
            continue
        text = data.decode("utf-8", errors="replace")
        found += [f"{file.relative_to(ROOT)}: {host}" for host in hosts if host in text]
        found += [f"{file.relative_to(ROOT)}: {m.group()}" for m in paths.finditer(text)]
    assert not found, found


def test_the_map_of_contributing_has_every_file() -> None:
    """A line for each file of utils/ and rungs/, and a sentence on it; the template is one folder, and named as such."""
    text = PAGES["CONTRIBUTING.md"].read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \*{0,2}\[[^\]]+\]\(([^)]+)\)\*{0,2} \| (.*) \|$", text, re.M))
    files = {path.relative_to(ROOT).as_posix() for path in tracked_files() if path.suffix in (".py", ".toml")}
    mapped = {f for f in files if f.startswith(("utils/", "rungs/")) and not f.startswith("rungs/templates/")}
    assert {f.removesuffix("/__init__.py") for f in mapped} == set(rows)
    assert [name for name, about in rows.items() if len(about.split()) < 3 and name != "rungs/__main__.py"] == []
    assert "(rungs/templates/chapter)" in text
