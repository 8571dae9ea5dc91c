"""Files that are written whole or not at all, and places that are tried before work begins."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from utils.errors import ReaderError, shortened


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that at any moment there is the old one or the new one, whole."""
    with _written_beside(path, data) as temporary:
        os.replace(temporary, path)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, whole or not at all.

    Raises:
        FileExistsError: it is there; it stays as it is.
    """
    with _written_beside(path, data) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if path.exists():
                raise FileExistsError(path) from None
            os.replace(temporary, path)


def write_json_atomic(path: Path, value: Any) -> None:
    """Write a value as readable JSON, whole or not at all; numbers that are not finite are refused."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(path, (text + "\n").encode("utf-8"))


def expect_room(path: Path, size: int) -> None:
    """Try whether a file of `size` bytes can be written at `path`, before hours of work end in it; its folder is made.

    Raises:
        ReaderError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _written_beside(path, bytes(size)):
            reason = f"{shortened(str(path))} is a folder" if path.is_dir() else ""
    except OSError as error:
        reason = f"{shortened(str(path))} cannot be written: {error.strerror}"
    if reason:
        raise ReaderError(reason)


@contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[Path]:
    """A file beside `path` with the data, on the disk; it is gone afterwards, unless the block has renamed it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say whose
        raise
    finally:
        temporary.unlink(missing_ok=True)
