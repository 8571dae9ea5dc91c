"""The rules of the layout hold here, and each of them is shown to reject a breach."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest

from tests import layout_rules as rules
from utils.chapters import ROOT, all_chapters, find_chapter, import_roots, written_chapters

RULES = (
    rules.missing_import_roots,
    rules.init_files,
    rules.repeated_modules,
    rules.bad_imports,
    rules.files_of_level,
    rules.stubs,
    rules.long_files,
    rules.proofs_that_import_a_level,
    rules.import_circles,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps_the_rule(rule):
    assert rule(ROOT, all_chapters()) == []


def test_there_is_something_to_keep():
    assert len(written_chapters()) >= 3
    assert len(import_roots(all_chapters())) >= 9


@pytest.fixture
def repository(tmp_path):
    """Three chapters that keep every rule, the third of which needs the first, and two modules of utils/."""
    chapters = [replace(find_chapter(c), folder=f"{c}_x") for c in ("01", "02")]
    chapters.append(replace(find_chapter("03"), folder="03_x", needs=["01"]))
    folders = [
        "01_x/numpy",
        "01_x/pytorch_lowlevel",
        "01_x/paper",
        "01_x/proofs",
        "02_x/numpy",
        "02_x/pytorch_lowlevel",
        "03_x/numpy",
    ]
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "01_x/numpy/one_numpy.py").write_text("import math\nimport numpy as np\n")
    (tmp_path / "01_x/pytorch_lowlevel/one_lowlevel.py").write_text("import torch\n")
    (tmp_path / "02_x/pytorch_lowlevel/two_lowlevel.py").write_text("import torch.nn.functional as F\nF.softmax\n")
    (tmp_path / "01_x/paper/one_paper.py").write_text("import torch.nn as nn\n")
    (tmp_path / "01_x/proofs/one_levels.py").write_text("import timm\n")
    (tmp_path / "01_x/ladder.py").write_text("from one_levels import timm\n")
    (tmp_path / "02_x/numpy/two_numpy.py").write_text("from one_numpy import np\n")
    (tmp_path / "03_x/numpy/three_numpy.py").write_text("from one_numpy import np\n")
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils/one.py").write_text("import utils.two\n")
    (tmp_path / "utils/two.py").write_text("def f():\n    from utils.one import x\n")
    listed = ", ".join(f'"{name}"' for name in [".", *folders])
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.hatch.build.targets.wheel]\ndev-mode-dirs = [{listed}]\n[tool.pyright]\nextraPaths = [{listed}]\n"
    )
    return tmp_path, chapters


def test_a_sound_repository_has_no_breach(repository):
    assert [breach for rule in RULES for breach in rule(*repository)] == []


@pytest.mark.parametrize(
    ("rule", "file", "text", "breach"),
    [
        (rules.missing_import_roots, "02_x/paper/two_paper.py", "", "dev-mode-dirs lacks 02_x/paper"),
        (rules.missing_import_roots, "02_x/proofs/two_levels.py", "", "extraPaths lacks 02_x/proofs"),
        (rules.init_files, "01_x/numpy/__init__.py", "", "01_x/numpy/__init__.py"),
        (rules.repeated_modules, "02_x/numpy/one_numpy.py", "", "one_numpy stands in 2 folders"),
        (rules.repeated_modules, "02_x/numpy/random.py", "", "random hides an installed module"),
        (rules.bad_imports, "02_x/numpy/four_numpy.py", "import torch", "imports torch"),
        (rules.bad_imports, "02_x/numpy/four_numpy.py", "def f():\n    import scipy.special", "imports scipy.special"),
        (rules.bad_imports, "02_x/numpy/four_numpy.py", "from one_paper import x", "it is of another level"),
        (rules.bad_imports, "01_x/numpy/four_numpy.py", "from two_numpy import x", "02_x is a later chapter"),
        (rules.bad_imports, "01_x/numpy/test_one.py", "import two_numpy", "02_x is a later chapter"),
        (rules.bad_imports, "03_x/numpy/four_numpy.py", "import two_numpy", "03_x does not need 02_x"),
        (rules.bad_imports, "03_x/exercises/01_y/stub.py", "import two_numpy", "03_x does not need 02_x"),
        (rules.bad_imports, "01_x/ladder.py", "import rungs.cli", "chapters never import rungs"),
        (rules.bad_imports, "01_x/pytorch_lowlevel/a_lowlevel.py", "from torch import nn", "no nn modules"),
        (
            rules.bad_imports,
            "01_x/pytorch_lowlevel/a_lowlevel.py",
            "import torch\ntorch.nn.Linear(2, 2)",
            "uses torch.nn.Linear",
        ),
        (rules.bad_imports, "01_x/pytorch_lowlevel/a_lowlevel.py", "from torch.optim import SGD", "no nn modules"),
        (
            rules.bad_imports,
            "02_x/pytorch_lowlevel/a_lowlevel.py",
            "from torch.nn import functional\nfunctional.relu",
            "uses F.relu",
        ),
        (rules.bad_imports, "01_x/pytorch_lowlevel/a_lowlevel.py", "import torchvision", "torch tensors and autograd"),
        (rules.bad_imports, "01_x/paper/a_paper.py", "import timm", "neither transformers nor timm"),
        (rules.bad_imports, "01_x/paper/a_paper.py", "from one_levels import x", "know nothing of its proofs"),
        (rules.bad_imports, "01_x/paper/load_a.py", "from one_levels import x", "know nothing of its proofs"),
        (rules.bad_imports, "01_x/paper/train_two.py", "from one_levels import x", "know nothing of its proofs"),
        (rules.bad_imports, "01_x/numpy/a_numpy.py", "from one_levels import x", "it is of another level"),
        (rules.bad_imports, "01_x/proofs/one_levels.py", "from two_numpy import x", "02_x is a later chapter"),
        (rules.bad_imports, "01_x/proofs/one_levels.py", "from rungs import cli", "chapters never import rungs"),
        (
            rules.proofs_that_import_a_level,
            "01_x/proofs/one_levels.py",
            "def f():\n    from one_numpy import np",
            "one_levels.py imports one_numpy: ask `load` for it",
        ),
        (
            rules.proofs_that_import_a_level,
            "01_x/ladder.py",
            "import importlib\nimportlib.import_module('one_paper')",
            "line 2, imports importlib.import_module('one_paper')",
        ),
        (
            rules.proofs_that_import_a_level,
            "01_x/proofs/one_checks.py",
            "from importlib import import_module\nfor level in ('numpy', 'paper'):\n    import_module(f'one_{level}')",
            "line 3, imports import_module(",
        ),
        (rules.files_of_level, "01_x/numpy/layers.py", "", "layers.py should be called *_numpy.py"),
        (rules.stubs, "01_x/paper/a_paper.py", "def f():\n    raise NotImplementedError('f')", "line 2, raises"),
        (rules.long_files, "01_x/numpy/long_numpy.py", "\n" * 351, "01_x/numpy/long_numpy.py has 351 lines"),
        (rules.long_files, "01_x/proofs/one_checks.py", "\n" * 351, "01_x/proofs/one_checks.py has 351 lines"),
        (rules.long_files, "01_x/ladder.py", "\n" * 351, "01_x/ladder.py has 351 lines"),
        (rules.long_files, "utils/long.py", "\n" * 351, "utils/long.py has 351 lines"),
        (rules.long_files, "rungs/long.py", "\n" * 351, "rungs/long.py has 351 lines"),
        (rules.long_files, "utils/kit/long.py", "\n" * 351, "utils/kit/long.py has 351 lines"),
        (rules.long_files, "rungs/kit/long.py", "\n" * 351, "rungs/kit/long.py has 351 lines"),
        (rules.import_circles, "utils/two.py", "from utils import one", "utils.one -> utils.two -> utils.one"),
        (rules.import_circles, "utils/two.py", "class A:\n    from utils.one import x", "utils.two -> utils.one"),
        (
            rules.import_circles,
            "utils/two.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from utils.one import x",
            "utils.two -> utils.one",
        ),
    ],
)
def test_each_rule_rejects_a_breach(repository, rule, file, text, breach):
    root, chapters = repository
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)
    assert any(breach in found for found in rule(root, chapters)), rule(root, chapters)


def test_a_package_is_loaded_before_its_modules(tmp_path):
    files = {
        "utils/__init__.py": "",
        "utils/kit/__init__.py": "from utils.kit.inner import x",
        "utils/kit/inner.py": "import os.path\nfrom utils.kit import other",
        "utils/kit/other.py": "from rungs.outer import y",
        "rungs/outer.py": "",
        "rungs/user.py": "import utils.kit.other as o",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert rules.import_graph(tmp_path) == {
        "utils": set(),
        "utils.kit": {"utils.kit.inner"},
        "utils.kit.inner": {"utils.kit.other"},
        "utils.kit.other": {"rungs.outer"},
        "rungs.outer": set(),
        "rungs.user": {"utils", "utils.kit", "utils.kit.other"},
    }
    assert rules.import_circles(tmp_path, []) == []
    (tmp_path / "rungs/outer.py").write_text("from utils.kit import x")
    (circle,) = rules.import_circles(tmp_path, [])
    assert set(circle.split(" -> ")) == {"utils.kit", "utils.kit.inner", "utils.kit.other", "rungs.outer"}


def test_each_module_name_finds_its_own_file():
    for folder in import_roots(all_chapters()):
        for path in (ROOT / folder).glob("*.py"):
            if not path.stem.startswith("test_"):
                spec = find_spec(path.stem)
                assert spec is not None
                assert spec.origin == str(path)


@pytest.mark.parametrize("chapter", [c.folder for c in written_chapters()])
def test_numpy_is_numpy_from_within_a_chapter(chapter):
    """A `numpy/` folder in the working directory must not hide NumPy."""
    code = "import numpy; assert numpy.zeros(2).sum() == 0; print(numpy.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / chapter, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "site-packages" in done.stdout


def test_the_manifest_is_sound():
    chapters = all_chapters()
    ids = [c.id for c in chapters]
    assert len(ids) == len(set(ids))
    written_out = [name for chapter in chapters for name in chapter.writes_out]
    assert len(written_out) == len(set(written_out)), "an operation is written out by the first chapter that has it"
    for i, chapter in enumerate(chapters):
        assert set(chapter.needs) <= set(ids), chapter.id
        assert chapter.id not in chapter.needs
        assert all(ids.index(need) < i for need in chapter.needs), f"{chapter.id} needs a later chapter"
        assert chapter.hours > 0
        assert find_chapter(chapter.folder) == find_chapter(chapter.id) == chapter
    with pytest.raises(KeyError, match="did you mean 03"):
        find_chapter("lenett")
    with pytest.raises(KeyError, match="chapters: 01, 02"):
        find_chapter("zzzz")
