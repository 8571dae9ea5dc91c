"""Checkpoints as safetensors files, and the lock of a run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from utils.errors import ReaderError
from utils.files import write_atomic


class RunError(ReaderError):
    """A run cannot start or go on in its folder. The message says why, and what to do."""


class CheckpointError(RunError):
    """A checkpoint is missing, damaged, or of another model or configuration."""


def save_checkpoint(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write arrays and JSON values as one safetensors file. A file that was there stays whole until the new one is."""
    from safetensors.numpy import save

    ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(meta)
    write_atomic(path, save(ordered, metadata={"rungs": text, "sha256": _digest(ordered, text)}))


def load_checkpoint(
    path: Path, expect: Mapping[str, Any] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and JSON values of a checkpoint, exactly as they were saved.

    Args:
        path: the file.
        expect: refuse it unless `meta["identity"]` has these values; other keys are not looked at.

    Raises:
        CheckpointError: missing, damaged, no checkpoint of ours, or of another model or configuration.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read: {error.strerror or error}") from error
    try:
        arrays = load(data)
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])["__metadata__"]
        text, digest = header["rungs"], header["sha256"]
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"checkpoint {path} is damaged, or was not written by a run: {error}. Delete it and start again"
        ) from error
    if _digest(arrays, text) != digest:
        raise CheckpointError(f"checkpoint {path} is damaged: its checksum does not fit. Delete it and start again")
    meta = json.loads(text)
    if not isinstance(meta, dict):
        raise CheckpointError(f"checkpoint {path} is damaged, or was not written by a run. Delete it and start again")
    if expect is not None:
        expect_identity(meta.get("identity", {}), expect, f"checkpoint {path}")
    return arrays, meta


def expect_identity(saved: Mapping[str, Any], expect: Mapping[str, Any], what: str) -> None:
    """Raises CheckpointError, which names the keys that differ, if `saved` does not have the values of `expect`."""
    flat_saved, flat_expect = _flat(saved), _flat(expect)
    keys = [key for key in {**flat_saved, **flat_expect} if key.split(".")[0] in expect]
    differing = [
        f"{key} is {flat_saved.get(key, 'absent')!r} there and {flat_expect.get(key, 'absent')!r} here"
        for key in keys
        if flat_saved.get(key, "absent") != flat_expect.get(key, "absent")
    ]
    if differing:
        raise CheckpointError(f"{what} is of another model or configuration: {'; '.join(differing)}")


def fitting(params: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray], what: str) -> dict[str, np.ndarray]:
    """The parameters, if they are those of a model whose own are `like`: the same names and shapes, one floating dtype,
    every number finite.

    Args:
        what: whose they are, for the message: "checkpoint runs/a/checkpoint.safetensors".

    Raises:
        CheckpointError: they are not; the message names what differs.
    """
    missing, unknown = like.keys() - params.keys(), params.keys() - like.keys()
    problems = [
        f"{word} {listed(sorted(names))}" for word, names in (("lacks", missing), ("also has", unknown)) if names
    ]
    floats = {name for name, array in like.items() if np.issubdtype(array.dtype, np.floating)}
    for name in sorted(like.keys() & params.keys()):
        array = params[name]
        if array.shape != like[name].shape:
            problems.append(f"{name} has shape {array.shape}, the model's has {like[name].shape}")
        elif np.issubdtype(array.dtype, np.floating) != (name in floats) or array.dtype.kind == "c":
            problems.append(f"{name} is {array.dtype}, the model's is {like[name].dtype}")
        elif name in floats and not np.isfinite(array).all():
            problems.append(f"{name} has values that are not finite")
    dtypes = {str(array.dtype) for name, array in params.items() if name in floats}
    if not problems and len(dtypes) > 1:
        problems.append(f"its parameters are of several dtypes: {', '.join(sorted(dtypes))}")
    if problems:
        raise CheckpointError(f"{what} does not fit the model: {listed(problems)}")
    return dict(params)


def read_identity(folder: Path) -> dict[str, Any]:
    """What the run in `folder` trains, from its run.json.

    Raises:
        FileNotFoundError: there is no run.
        CheckpointError: the file is damaged.
    """
    try:
        identity = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"run folder {folder}: run.json is damaged ({error}); start in another folder") from None
    if not isinstance(identity, dict):
        raise CheckpointError(f"run folder {folder}: run.json is damaged (it holds no names); start in another folder")
    return identity


def find_file(path_or_hub_name: str | Path) -> Path:
    """The safetensors file of a model: a file, its folder, or a name on the hub, downloaded or taken from the hub's cache.

    Raises:
        CheckpointError: there is none.
    """
    path = Path(path_or_hub_name).expanduser()
    if path.is_dir():
        path = path / "model.safetensors"
    if path.is_file():
        return path
    name = str(path_or_hub_name)
    if name.endswith(".safetensors") or name.count("/") != 1 or name.startswith((".", "/")):
        raise CheckpointError(f"no file {path}: give a safetensors file, its folder, or a hub name such as owner/model")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(name, "model.safetensors"))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"{name} is neither a file here nor to be had from the hub: {type(error).__name__}. Download its "
            "model.safetensors, and give the path of that file"
        ) from error


def read_safetensors(file: Path) -> Mapping[str, np.ndarray]:
    """All arrays of a library's safetensors file; half-precision ones become float32.

    Raises:
        CheckpointError: it cannot be read.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file  # the NumPy reader has no bfloat16

    try:
        tensors = load_file(file)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file} cannot be read as safetensors: {error}") from error
    half = (torch.float16, torch.bfloat16)
    return {name: (t.float() if t.dtype in half else t).numpy() for name, t in tensors.items()}


def listed(names: Iterable[str], most: int = 5) -> str:
    """The first few of many names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more


def lock(path: Path) -> IO[str]:
    """Hold a file's lock for as long as the returned handle is open; the system releases it when a process is killed."""
    handle = path.open("a+", encoding="utf-8")
    try:
        if os.name == "nt":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # pyright: ignore[reportAttributeAccessIssue]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise RunError(f"another run is using {path.parent}: wait for it, stop it, or choose another folder") from None
    return handle


def _digest(arrays: Mapping[str, np.ndarray], text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat
