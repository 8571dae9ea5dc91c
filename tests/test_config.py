"""Configurations: good ones are read, bad ones are refused with the key, the value and what is allowed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from pydantic import Field, ValidationError, model_validator

from utils.config import Config, ConfigError, describe, load_config

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))


class Optimizer(Config):
    name: Literal["sgd", "adam"] = "sgd"
    lr: float = Field(default=0.1, gt=0, le=1, description="learning rate (table 2)")


class Settings(Config):
    epochs: int = Field(default=3, ge=1, description="passes over the data (section 4)")
    hidden: int = Field(description="units (table 1)")
    optimizer: Optimizer = Optimizer()
    warmup: float | None = None


class Layer(Config):
    width: int = 12
    heads: int = 4

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width must be divisible by heads, got {self.width} and {self.heads}")
        return self


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text("hidden: 7\noptimizer:\n  lr: 1e-2\n")
    (tmp_path / "large.yaml").write_text("hidden: 700\n")
    return tmp_path


def message(source: Path | str, *overrides: str, folder: Path | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(source, Settings, overrides, folder=folder)
    return str(caught.value)


def test_a_file_and_overrides(folder: Path) -> None:
    config = load_config("small", Settings, ["epochs=5", "optimizer.name=adam", "warmup=0.5"], folder=folder)
    assert config == Settings(epochs=5, hidden=7, optimizer=Optimizer(name="adam", lr=0.01), warmup=0.5)
    assert load_config(folder / "small.yaml", Settings).hidden == 7
    assert load_config("large", Settings, ["optimizer.lr=0.2"], folder=folder).optimizer.lr == 0.2


def test_a_configuration_cannot_be_changed() -> None:
    config = Settings(hidden=1)
    with pytest.raises(ValidationError):
        config.epochs = 4  # pyright: ignore[reportAttributeAccessIssue]


def test_unknown_keys(folder: Path) -> None:
    text = message("small", "epoch=5", folder=folder)
    assert "unknown key 'epoch'; did you mean 'epochs'?" in text
    assert "small.yaml" in text
    text = message("small", "optimizer.momentum=0.9", folder=folder)
    assert "unknown key 'optimizer.momentum'" in text
    assert "known keys: name, lr" in text


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("epochs=0", "epochs = 0: input should be greater than or equal to 1"),
        ("epochs=2.5", "epochs = 2.5: input should be a valid integer"),
        ("epochs=many", "epochs = 'many': input should be a valid integer"),
        ("optimizer.lr=2", "optimizer.lr = 2: input should be less than or equal to 1"),
        ("optimizer.lr=.nan", "optimizer.lr = nan: input should be"),
        ("optimizer.name=rprop", "optimizer.name = 'rprop': input should be 'sgd' or 'adam'"),
        ("optimizer=3", "optimizer = 3"),
        ("epochs.x=3", "no keys of its own"),
        ("epochs", "not of the form key=value"),
        ("=3", "not of the form key=value"),
        ("a..b=3", "not of the form key=value"),
        ("epochs=[1", "no valid YAML"),
        ("epochs=2001-99-99", "override 'epochs=2001-99-99': the value is no valid YAML: month"),
        ("epochs=!!int foo", "tags (!name) are not understood"),
        ("optimizer={name: &a sgd, lr: *a}", "aliases (*name) are not understood"),
        ("optimizer={a: 1, a: 2}", "given twice"),
    ],
)
def test_values_that_are_refused(folder: Path, override: str, says: str) -> None:
    (folder / "small.yaml").write_text("hidden: 7\nepochs: 3\n")
    assert says in message("small", override, folder=folder)


def test_every_problem_is_named_at_once(folder: Path) -> None:
    text = message("small", "epochs=0", "hiden=3", folder=folder)
    assert "epochs = 0" in text
    assert "'hiden'; did you mean 'hidden'?" in text


def test_settings_that_do_not_go_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("width: 12\n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "a.yaml", Layer, ["heads=5"])
    assert str(caught.value).splitlines()[1:] == ["  width must be divisible by heads, got 12 and 5"]


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        ("", "key 'hidden' is missing"),
        ("hidden: [1, 2", "no valid YAML"),
        ("hidden: 1\nhidden: 2\n", "key 'hidden' is given twice, line 2"),
        ("- 1\n- 2\n", "must hold lines 'key: value', got list"),
        ("just words", "got str"),
        ("hidden: !!python/object/apply:os.getcwd []", "tags (!name) are not understood, line 1"),
        ("hidden: !!int foo", "tags (!name) are not understood"),
        ("hidden: 2001-99-99", "no valid YAML: month must be in 1..12"),
        ("hidden: " + "9" * 5000, "no valid YAML: a number has too many digits"),
        ("hidden: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("? [a, b]\n: 1\n", "a key must be a word, line 1"),
        ("? {a: b}\n: 1\n", "a key must be a word, line 1"),
        (BOMB, "aliases (*name) are not understood, line 2"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, contents: str, says: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(contents)
    text = message(path)
    assert says in text
    assert "bad.yaml" in text


def test_a_missing_file(folder: Path, tmp_path: Path) -> None:
    assert "did you mean 'small'? named ones: large, small" in message("smal", folder=folder)
    assert "give the path of a .yaml file" in message(tmp_path / "none.yaml")


def test_a_message_is_short_whatever_was_given(folder: Path) -> None:
    long = "x" * 5000
    for source, overrides in [(long, []), ("small", [f"epochs={long}"]), ("small", [long]), ("small", [f"{long}=1"])]:
        assert len(message(source, *overrides, folder=folder)) < 1000


def test_describe() -> None:
    assert describe(Settings(hidden=7)) == [
        ("epochs", 3, "passes over the data (section 4)"),
        ("hidden", 7, "units (table 1)"),
        ("optimizer.name", "sgd", ""),
        ("optimizer.lr", 0.1, "learning rate (table 2)"),
        ("warmup", None, ""),
    ]
    assert describe(Settings)[1] == ("hidden", "(required)", "units (table 1)")


def unbounded(schema: Any, place: str = "") -> list[str]:
    """The numbers of a JSON schema that may be as large as they like."""
    if isinstance(schema, list):
        return [name for part in schema for name in unbounded(part, place)]
    if not isinstance(schema, dict):
        return []
    found = [name for key, part in schema.items() for name in unbounded(part, f"{place}.{key}")]
    bounded = schema.keys() & {"maximum", "exclusiveMaximum", "const", "enum"}
    return found + [place] * (schema.get("type") in ("integer", "number") and not bounded)


SCRIPTS = ("train_linear", "train_mlp", "train_lenet", "train_resnet", "train_transformer")


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_number_of_a_chapter_has_an_upper_bound(script: str) -> None:
    assert unbounded(importlib.import_module(script).CONFIG.model_json_schema()) == []
    assert len(unbounded(Settings.model_json_schema())) == 3  # epochs, hidden, warmup
