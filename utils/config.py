"""Hyperparameters: a YAML file, read into a pydantic model whose fields name the table or page they come from.

    class LeNetConfig(Config):
        epochs: int = Field(default=20, ge=1, description="passes over the training set (section III-B)")
        lr: float = Field(default=0.0005, gt=0, description="global learning rate of the first passes (section III-B)")

    config = load_config("lenet5", LeNetConfig, ["epochs=2"], folder=chapter.path / "paper" / "configs")

An unknown key, a value of the wrong type or one out of range is an error that names it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from yaml.composer import ComposerError

from utils.errors import ReaderError, shortened


class ConfigError(ReaderError, ValueError):
    """A configuration cannot be used. The message names the file, the key, the value and what is allowed."""


# Bounds that no sensible run comes near: beyond them a slip of the finger trains for years, fills the memory or overflows.
Passes = Annotated[int, Field(ge=1, le=100_000)]
Steps = Annotated[int, Field(ge=1, le=100_000_000)]
Examples = Annotated[int, Field(ge=1, le=1_000_000_000)]
BatchSize = Annotated[int, Field(ge=1, le=1_000_000)]
Width = Annotated[int, Field(ge=1, le=65_536)]
Depth = Annotated[int, Field(ge=1, le=1024)]
Rate = Annotated[float, Field(gt=0, le=1000)]
Decay = Annotated[float, Field(ge=0, le=1)]
Device = Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,3})?)$")]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Config(BaseModel):
    """Base of every configuration: immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


C = TypeVar("C", bound=BaseModel)


def load_config(source: Path | str, model: type[C], overrides: Sequence[str] = (), *, folder: Path | None = None) -> C:
    """Read `source` into `model`, then apply `overrides`.

    Args:
        source: a path, or the name of a file of `folder` without its ".yaml".
        model: the pydantic model.
        overrides: "key=value", nested keys with dots ("optimizer.lr=0.1"), the value written as in YAML.
        folder: where named configurations lie: a chapter's `paper/configs`.

    Raises:
        ConfigError: no such file, no valid YAML, an unknown key, a value of the wrong type or out of range.
    """
    path = _find(source, folder)
    values = _read(path)
    for override in overrides:
        _apply(values, override)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [_explain(problem, model) for problem in error.errors()]
        of = f"{path.name} with {shortened(', '.join(overrides))[1:-1]}" if overrides else path.name
        raise ConfigError(f"configuration {of} cannot be used:\n" + "\n".join(f"  {line}" for line in lines)) from None


def describe(model: type[BaseModel] | BaseModel) -> list[tuple[str, Any, str]]:
    """Rows (field, value, description) of a configuration, or of a model's defaults; nested keys with dots."""
    rows = []
    for name, field in (model if isinstance(model, type) else type(model)).model_fields.items():
        if not isinstance(model, type):
            value = getattr(model, name)
        else:
            value = "(required)" if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(value, BaseModel):
            rows += [(f"{name}.{inner}", *rest) for inner, *rest in describe(value)]
        else:
            rows.append((name, value, field.description or ""))
    return rows


class _Loader(yaml.SafeLoader):
    """YAML of plain values: tags, aliases, keys that are no words, and keys given twice are errors.

    The plain loader keeps the last of two keys silently, and unfolds aliases of aliases until the memory is full.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise ComposerError(problem="aliases (*name) are not understood", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise ComposerError(problem="tags (!name) are not understood", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem="a key must be a word", problem_mark=key_node.start_mark
                )
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {key_node.value!r} is given twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _find(source: Path | str, folder: Path | None) -> Path:
    path = Path(source)
    named = sorted(folder.glob("*.yaml")) if folder is not None else []
    for candidate in named:
        if str(source) in (candidate.stem, candidate.name):
            return candidate
    if os.path.isfile(path):  # False, too, for a name that is too long for a file
        return path
    names = [candidate.stem for candidate in named]
    near = difflib.get_close_matches(path.stem, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    known = f"named ones: {', '.join(names)}" if names else "give the path of a .yaml file"
    raise ConfigError(f"no configuration {shortened(str(source))}: {hint}{known}")


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path.name} cannot be read: {error}") from error
    values = _parsed(text, f"configuration {path.name} is")
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f"configuration {path.name} must hold lines 'key: value', got {type(values).__name__}")
    return values


def _parsed(text: str, what: str) -> Any:
    """The value of a YAML text; `what` begins the message: "configuration small.yaml is"."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        problem = f"{problem}, line {mark.line + 1}, column {mark.column + 1}" if mark else problem
    except ValueError as error:  # a date or a number that is none
        problem = "a number has too many digits" if "digits" in str(error) else str(error)
    except RecursionError:
        problem = "it is nested too deeply"
    raise ConfigError(f"{what} no valid YAML: {problem}")


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        raise ConfigError(f"override {shortened(override)} is not of the form key=value, such as epochs=3")
    value = _parsed(text, f"override {shortened(override)}: the value is")
    *outer, last = key.split(".")
    for part in outer:
        inner = values.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ConfigError(
                f"override {shortened(override)}: {part!r} holds the value {shortened(inner)}, and no keys of its own"
            )
        values = inner
    values[last] = value


def _explain(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    """One line: the key, the value, what is allowed."""
    place, kind, value = problem["loc"], problem["type"], problem["input"]
    key = ".".join(str(part) for part in place)
    if kind == "extra_forbidden":
        known = _keys(model, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"unknown key {shortened(key)}; {hint}known keys: {', '.join(known)}"
    if kind == "missing":
        return f"key {key!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return (
        f"{key} = {shortened(value)}: {message}" if key else message
    )  # without a key: settings that do not go together


def _keys(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The known keys of the model that stands at `place` inside `model`."""
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None:
            continue  # an index of a list, or the tag of a union
        annotation = field.annotation
        choices = get_args(annotation) if get_origin(annotation) in (Union, UnionType, list, tuple) else (annotation,)
        nested = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, BaseModel)]
        if not nested:
            return []
        model = nested[0]
    return list(model.model_fields)
