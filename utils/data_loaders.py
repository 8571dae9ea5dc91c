"""Data sets by name, as plain NumPy arrays.

    data = load_dataset("mnist", "train")
    data.arrays["images"], data.arrays["labels"]      # (60000, 28, 28) uint8, (60000,) int64

*Embedded* sets come with scikit-learn and are always there. *Real* sets lie in one cache folder, `RUNGS_DATA` or
otherwise pooch's own, as `<folder>/<set>/<file>`. Each file's size and sha256 are pinned in `data_files.toml`; a
missing file is downloaded where it has a public address, and a file that differs is refused and never used. There is
no fallback from one set to another.
"""

from __future__ import annotations

import difflib
import gzip
import hashlib
import lzma
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from utils import data_formats as formats
from utils.errors import ReaderError, shortened


class DataError(ReaderError):
    """A data set is unknown, missing, damaged or cannot be stored. The message names set and file, and what to do."""


@dataclass(frozen=True)
class Dataset:
    """One split of a data set.

    The values are as they were published: images are uint8 with their own range, `labels` are int64 class indices,
    `targets` are float64 numbers, texts are `StringDType`. Scaling is the chapter's business.
    """

    name: str
    split: str
    arrays: formats.Arrays  # equal length along axis 0, except for `tinyshakespeare`, which is one long row
    source: str  # for receipts: what this is, exactly
    class_names: tuple[str, ...] = ()  # class index -> name; for `tinyshakespeare`, id -> character

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))


@dataclass(frozen=True)
class Source:
    """An entry of the catalogue."""

    title: str
    files: dict[str, tuple[str, ...]]  # split -> the files it needs, as "<set>/<file>"; none for an embedded set
    parse: Callable[..., formats.Parsed]  # split, the unpacked contents of each file -> arrays, class names
    about: str


def load_dataset(name: str, split: str = "train", *, download: bool = True) -> Dataset:
    """One split of a set.

    Args:
        name: a key of `CATALOGUE`, such as "digits" (embedded) or "mnist" (real).
        split: "train", "test", or another split of that set.
        download: whether a missing file may be fetched from its public address.

    Raises:
        DataError: unknown set or split; a file is missing, damaged or altered; the cache folder cannot be written.
    """
    if name not in CATALOGUE:
        near = difflib.get_close_matches(str(name).lower(), CATALOGUE, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(f"no data set {name!r}; {hint}known sets: {', '.join(CATALOGUE)}")
    entry = CATALOGUE[name]
    if split not in entry.files:
        raise DataError(f"data set {name!r} has no split {split!r}; it has: {', '.join(entry.files)} ({entry.about})")
    contents = [_contents(file, download) for file in entry.files[split]]
    try:
        arrays, class_names = entry.parse(split, *contents)
    except ValueError as error:
        raise DataError(f"data set {name!r}, {split}: {error}") from error
    size = " and ".join(f"{key} {'x'.join(map(str, array.shape))}" for key, array in arrays.items())
    pins = ", ".join(f"{file} {_pin(file)['sha256'][:16]}" for file in entry.files[split])
    source = f"{entry.title}, {split}: {size} ({'sha256 ' + pins if pins else 'scikit-learn'})"
    return Dataset(name, split, arrays, source, class_names)


@cache  # several receipts have the same set, and unpacking it takes seconds
def both_sources(name: str) -> str:
    """What the training and the test split of a set are, for the receipt of a model trained and tested on them."""
    return " and ".join(load_dataset(name, split).source for split in ("train", "test"))


# Files: the cache folder, checksums, downloads


def data_folder() -> Path:
    """Where the files of the real sets lie: `RUNGS_DATA`, or the user's cache folder."""
    if chosen := os.environ.get("RUNGS_DATA"):
        try:
            return Path(chosen).expanduser()
        except RuntimeError:
            raise DataError(
                f"RUNGS_DATA is {shortened(chosen)}, and there is no such user; set it to a folder"
            ) from None
    import pooch

    return Path(pooch.os_cache("rungs"))


def missing_files(name: str, split: str | None = None) -> list[str]:
    """Those files of a set (or of one split) that are not in the cache folder; their contents are not looked at."""
    entry = CATALOGUE[name]
    wanted = {file: None for part, files in entry.files.items() if split in (None, part) for file in files}
    return [file for file in wanted if not os.path.isfile(data_folder() / file)]


def data_file(file: str, *, download: bool = True) -> Path:
    """The path of one file of `data_files.toml`, such as "vocab/gpt2-vocab.bpe", checked against its sha256.

    Raises:
        DataError: not a known file; missing and not to be had; damaged or altered; the folder cannot be written.
    """
    path, _ = _checked(file, download)
    return path


def _checked(file: str, download: bool) -> tuple[Path, bytes]:
    """Path and contents of a file; the very bytes that are returned have the sha256."""
    pin, folder = _pin(file), data_folder()
    path = folder / file
    try:
        there = path.is_file()
    except OSError as error:
        raise DataError(_folder_message(file, folder, error)) from error
    if not there:
        if not download:
            raise DataError(_missing_message(file, "it may not be downloaded here"))
        _download(file, path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{_named(file)} cannot be read at {path}: {error.strerror or error}") from error
    _verify(file, path, pin, data)
    return path, data


def _verify(file: str, path: Path, pin: dict, data: bytes) -> None:
    got = hashlib.sha256(data).hexdigest()
    if got == pin["sha256"]:
        return
    state = "truncated" if len(data) < pin["bytes"] else "altered"
    action = "Delete it and run again to fetch it anew" if file_url(file) else "Put the right file in its place"
    raise DataError(
        f"{_named(file)} is {state} and was not used: expected {pin['bytes']:,} bytes with sha256 {pin['sha256'][:16]}, "
        f"got {len(data):,} bytes with sha256 {got[:16]}, at {path}. {action}, or set RUNGS_DATA to a folder that has it."
    )


def _download(file: str, path: Path) -> None:
    """Fetch to a temporary file beside `path`, compare, then rename: a partial file is never left under its name."""
    url = file_url(file)
    if not url:
        raise DataError(_missing_message(file, "it has no public address to fetch it from"))
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    pin = _pin(file)
    fetch: Any = pooch.HTTPDownloader(timeout=20, progressbar=sys.stderr.isatty())
    known = f"sha256:{pin['sha256']}"
    try:
        pooch.retrieve(url, known, fname=path.name, path=path.parent, downloader=fetch)
    except requests.RequestException as error:
        raise DataError(_missing_message(file, f"fetching it failed ({_short(error)})")) from error
    except ValueError as error:
        raise DataError(
            f"{_named(file)}: {url} sent something other than the expected {pin['bytes']:,} bytes with sha256 "
            f"{pin['sha256'][:16]}; nothing was kept. Try again later, or set RUNGS_DATA to a folder that has the file."
        ) from error
    except OSError as error:
        raise DataError(_folder_message(file, data_folder(), error)) from error


def _missing_message(file: str, why: str) -> str:
    url = file_url(file)
    get = f"Get it from {url} and put it there" if url else "Put it there"
    return f"{_named(file)} is not in {data_folder()}, and {why}. {get}, or set RUNGS_DATA to a folder that has it."


def _folder_message(file: str, folder: Path, error: OSError) -> str:
    return (
        f"{_named(file)} ({_pin(file)['bytes']:,} bytes) cannot be stored in {folder}: {error.strerror or error}. "
        f"Free space there or make it writable, or set RUNGS_DATA to another folder."
    )


def _named(file: str) -> str:
    name, _, rest = file.partition("/")
    return f"data set {name!r}: file {rest!r}"


def _short(error: Exception) -> str:
    if type(error).__name__ == "HTTPError":
        return str(error).split(" for url")[0]
    return {"ConnectionError": "no connection", "ConnectTimeout": "no answer", "ReadTimeout": "no answer"}.get(
        type(error).__name__, f"{type(error).__name__}: the transfer broke off"
    )


@cache
def _file_table() -> dict[str, dict]:
    return tomllib.loads((Path(__file__).parent / "data_files.toml").read_text(encoding="utf-8"))


def _pin(file: str) -> dict:
    name, _, rest = file.partition("/")
    try:
        return _file_table()[name]["files"][rest]
    except KeyError:
        raise DataError(f"{_named(file)} is not listed in utils/data_files.toml") from None


def file_url(file: str) -> str:
    """The public address of a file, or "" where there is none."""
    name, _, rest = file.partition("/")
    base = _file_table()[name].get("url", "")
    return _pin(file).get("url", base and base + rest)


def _contents(file: str, download: bool) -> bytes:
    """The unpacked contents of a checked file."""
    _, raw = _checked(file, download)
    if file.endswith(".gz"):
        return gzip.decompress(raw)
    return lzma.decompress(raw) if file.endswith(".xz") else raw


# The catalogue


def _files(folder: str, splits: dict[str, str], *suffixes: str) -> dict[str, tuple[str, ...]]:
    """For each split the files <folder>/<stem><suffix>."""
    return {split: tuple(f"{folder}/{stem}{suffix}" for suffix in suffixes) for split, stem in splits.items()}


_EMBEDDED = {"train": (), "test": ()}
_IDX = ({"train": "train", "test": "t10k"}, "-images-idx3-ubyte.gz", "-labels-idx1-ubyte.gz")
_OUR_SPLIT = "scikit-learn's {} examples; the test split is our own: the last fifth of a fixed permutation"

CATALOGUE: dict[str, Source] = {
    "digits": Source("digits", _EMBEDDED, formats.digits, _OUR_SPLIT.format("1,797")),
    "diabetes": Source("diabetes", _EMBEDDED, formats.diabetes, _OUR_SPLIT.format("442")),
    "breast_cancer": Source("breast cancer Wisconsin", _EMBEDDED, formats.breast_cancer, _OUR_SPLIT.format("569")),
    "sample_images": Source("sample images", {"train": ()}, formats.sample_images, "two photographs, 427x640 RGB"),
    "mnist": Source("MNIST", _files("mnist", *_IDX), formats.mnist, "28x28 handwritten digits"),
    "fashion-mnist": Source(
        "Fashion-MNIST", _files("fashion-mnist", *_IDX), formats.fashion_mnist, "28x28 images of clothing"
    ),
    "cifar-10": Source(
        "CIFAR-10",
        {
            "train": tuple(f"cifar-10/data_batch_{i}.xz" for i in range(1, 6)),
            "test": ("cifar-10/test_first1000.xz",),
        },
        formats.cifar,
        "32x32 RGB photographs; test is the first 1,000 of the 10,000 test images",
    ),
    "tinyshakespeare": Source(
        "Tiny Shakespeare",
        {"train": ("tinyshakespeare/input.txt",), "val": ("tinyshakespeare/input.txt",)},
        formats.shakespeare,
        "one text; val is its last tenth",
    ),
    "multi30k": Source(
        "Multi30k German-English",
        _files(
            "multi30k",
            {"train": "train", "val": "val", "test": "test_2016_flickr", "test-2017": "test_2017_flickr"},
            ".de.gz",
            ".en.gz",
        ),
        formats.parallel,
        "pairs of captions; test is test_2016_flickr",
    ),
    "isbi2012": Source(
        "ISBI 2012 EM segmentation",
        _files("isbi2012", {"train": "train"}, "_images.npy.xz", "_labels.npy.xz"),
        formats.isbi,
        "no test labels are public: hold out slices of train",
    ),
    "wikitext-2": Source(
        "WikiText-2",
        _files("wikitext-2", {"val": "valid", "test": "test"}, ".txt.gz"),
        formats.wikitext,
        "the training file is not among the files",
    ),
    "glue-sst-2": Source(
        "GLUE SST-2",
        _files("glue/SST-2", {"train": "train.tsv.gz", "val": "dev.tsv", "test": "test_labeled.tsv"}, ""),
        formats.sst2,
        "sentiment of a sentence",
    ),
    "glue-mrpc": Source(
        "GLUE MRPC",
        _files("glue/MRPC", {"train": "train.tsv.gz", "val": "dev.tsv", "test": "test.tsv.gz"}, ""),
        formats.mrpc,
        "whether one sentence paraphrases the other",
    ),
    "glue-cola": Source(
        "GLUE CoLA",
        _files("glue/CoLA", {"train": "train.tsv.gz", "val": "dev.tsv"}, ""),
        formats.cola,
        "whether a sentence is acceptable; no test labels are public",
    ),
    "glue-rte": Source(
        "GLUE RTE",
        _files("glue/RTE", {"train": "train.tsv.gz", "val": "dev.tsv"}, ""),
        formats.rte,
        "whether one sentence follows from the other; no test labels are public",
    ),
    "noto-emoji-32": Source(
        "Noto emoji",
        {"train": ("noto-emoji-32/images.npz", "noto-emoji-32/captions.tsv")},
        formats.emoji,
        "hold out by name: variants of one emoji share it",
    ),
}
"""Every set by name."""
