"""The command lines of the chapters' scripts: options, defaults, messages, exit codes; and the ladders' short runs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import Field

from utils.config import Config
from utils.scripts import folder_argument, plot_command, tiny_run, train_command


class Toy(Config):
    lr: float = Field(default=0.1, gt=0, description="section 1")
    epochs: int = Field(default=1, ge=1, description="section 2")


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text("epochs: 2\n")
    (tmp_path / "long.yaml").write_text("epochs: 20\n")
    return tmp_path


def remember(config: Any, folder: Path, *, level: str = "paper", resume: bool = False) -> Any:
    return {"config": config, "folder": folder, "level": level, "resume": resume}


def train(configs: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, about: str = "Train a toy.") -> Any:
    monkeypatch.setattr(sys, "argv", ["train_toy.py", *arguments])
    return train_command(remember, Toy, configs, chapter="01", about=about)


def test_without_options_the_tiny_configuration_is_trained(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got = train(configs, monkeypatch)
    folder = Path("runs/train/01-tiny-paper")
    assert got == {"config": Toy(epochs=2), "folder": folder, "level": "paper", "resume": False}


def test_every_option_arrives(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--config", "long", "--level", "numpy", "--out", "here", "--set", "lr=0.5", "--set", "epochs=3"]
    got = train(configs, monkeypatch, *options, "--resume")
    assert got == {"config": Toy(lr=0.5, epochs=3), "folder": Path("here"), "level": "numpy", "resume": True}


def test_the_folder_is_named_after_configuration_and_level(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["--config", str(configs / "long.yaml"), "--level", "pytorch_lowlevel"]
    assert train(configs, monkeypatch, *given)["folder"] == Path("runs/train/01-long-pytorch_lowlevel")


def test_help_shows_the_docstring_as_it_is(
    configs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    about = "Train a toy.\n\nrungs train 01 --config long      # a minute\n"
    with pytest.raises(SystemExit) as stopped:
        train(configs, monkeypatch, "--help", about=about)
    shown = capsys.readouterr().out
    assert stopped.value.code == 0
    assert about.strip() in shown
    assert all(option in shown for option in ("--config", "--level", "--out", "--set KEY=VALUE", "--resume"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--level", "production"], "invalid choice: 'production'"),
        (["--epochs", "3"], "unrecognized arguments: --epochs"),
    ],
)
def test_wrong_options_stop_with_2(
    configs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    message: str,
) -> None:
    with pytest.raises(SystemExit) as stopped:
        train(configs, monkeypatch, *given)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [(["--config", "tini"], "did you mean 'tiny'"), (["--set", "lrr=1"], "did you mean 'lr'")],
)
def test_wrong_settings_are_named(
    configs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    message: str,
) -> None:
    with pytest.raises(SystemExit) as stopped:
        train(configs, monkeypatch, *given)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert message in said


def test_the_folder_of_a_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate_toy.py", "runs/toy"])
    assert folder_argument("Evaluate a toy.") == Path("runs/toy")
    monkeypatch.setattr(sys, "argv", ["evaluate_toy.py"])
    with pytest.raises(SystemExit):
        folder_argument("Evaluate a toy.")
    assert "the following arguments are required: folder" in capsys.readouterr().err


def test_figures_go_where_they_should(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def draw(runs: Path, figures: Path) -> list[Path]:
        return [figures / f"{runs.name}.svg"]

    for given, path in ((), "figures/01.svg"), (("--runs", "runs/other", "--out", "elsewhere"), "elsewhere/other.svg"):
        monkeypatch.setattr(sys, "argv", ["plot_toy.py", *given])
        plot_command(draw, runs=Path("runs/reproduce/01"), figures=Path("figures"), about="Draw a toy.")
        assert capsys.readouterr().out.strip() == str(Path(path))


def test_a_tiny_run_is_the_script_with_its_changes(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def main(*args: Any, **options: Any) -> None:
        calls.append(remember(*args, **options))

    script = tiny_run("train_toy", "long", "numpy", "lr=0.5", "epochs=3")  # imported when it runs, and not before
    assert script.name == "train_toy --config long --level numpy --set lr=0.5 --set epochs=3"
    monkeypatch.setitem(sys.modules, "train_toy", SimpleNamespace(main=main, CONFIG=Toy, CONFIGS=configs))
    script.run(configs / "run")
    config, folder = Toy(lr=0.5, epochs=3), configs / "run"
    assert calls == [{"config": config, "folder": folder, "level": "numpy", "resume": False}]
