"""Files are whole or not there: on a full disk, beside a file of the same name, without hard links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from utils.errors import ReaderError
from utils.files import expect_room, write_atomic, write_new


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reaches the disk any more."""

    def fsync(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_new_file(tmp_path: Path) -> None:
    write_new(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"second")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"first"}


def test_a_new_file_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", link)
    test_a_new_file(tmp_path)


@pytest.mark.parametrize("write", [write_new, write_atomic])
def test_a_full_disk_leaves_nothing(tmp_path: Path, full: None, write) -> None:
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "a", b"text")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", b"old")
    write_atomic(tmp_path / "a", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new"}


def test_room_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    expect_room(tmp_path / "a", 10)
    expect_room(tmp_path / "made" / "b", 10)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert list((tmp_path / "made").iterdir()) == []


def test_no_room(tmp_path: Path, full: None) -> None:
    with pytest.raises(ReaderError, match="a' cannot be written: No space left"):
        expect_room(tmp_path / "a", 10)


def test_no_place(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="is a folder"):
        expect_room(tmp_path, 10)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReaderError, match="cannot be written: Not a directory"):
        expect_room(tmp_path / "file" / "b" / "c", 10)
