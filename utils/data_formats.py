"""The file formats of the data sets: from unpacked bytes to arrays.

Each set has a function `(split, *contents of its files) -> arrays, class names`; `data_loaders.CATALOGUE` says which.
They raise ValueError for contents that do not fit the format.
"""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Parsed = tuple[Arrays, tuple[str, ...]]


# Images


def parse_idx(data: bytes) -> np.ndarray:
    """The idx format: two zero bytes, type 8 (uint8), the number of dimensions, each size as big-endian int32, values.

    Raises:
        ValueError: wrong header, or another number of values than the header says.
    """
    ndim = data[3] if len(data) >= 4 else 0
    if data[:3] != b"\0\0\x08" or not 1 <= ndim <= 4 or len(data) < 4 + 4 * ndim:
        raise ValueError(f"no idx file of bytes: it begins with {data[:4].hex() or 'nothing'}, expected 00000801 to 04")
    shape = tuple(int(n) for n in np.frombuffer(data, ">i4", count=ndim, offset=4))
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * ndim)
    if min(shape) < 0 or values.size != np.prod(shape, dtype=np.int64):
        raise ValueError(f"the idx header says {shape}, that is {np.prod(shape)} values, but {values.size} follow")
    return values.reshape(shape).copy()


def _idx_pair(images_file: bytes, labels_file: bytes) -> Arrays:
    images, labels = parse_idx(images_file), parse_idx(labels_file)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ValueError(f"images {images.shape} and labels {labels.shape} do not belong together")
    if labels.size and labels.max() > 9:
        raise ValueError(f"labels must lie in 0..9, got {labels.max()}")
    return {"images": images, "labels": labels.astype(np.int64)}  # (N, 28, 28), (N,)


def mnist(split: str, images: bytes, labels: bytes) -> Parsed:
    return _idx_pair(images, labels), tuple("0123456789")


def fashion_mnist(split: str, images: bytes, labels: bytes) -> Parsed:
    names = "T-shirt/top|Trouser|Pullover|Dress|Coat|Sandal|Shirt|Sneaker|Bag|Ankle boot"
    return _idx_pair(images, labels), tuple(names.split("|"))


def unpack_cifar(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) of one delta-coded batch.

    The file holds N label bytes, then N images of 3x32x32 bytes. To compress well, red and blue are stored as their
    difference from green, then each channel as differences down the rows and along them, all modulo 256.
    """
    count = len(data) // 3073
    if count * 3073 != len(data):
        raise ValueError(f"a packed CIFAR-10 batch has 3073 bytes per image, and {len(data)} is no multiple of that")
    values = np.frombuffer(data, np.uint8)
    deltas = values[count:].reshape(count, 3, 32, 32)
    images = deltas.cumsum(2, dtype=np.uint8).cumsum(3, dtype=np.uint8)
    images[:, 0] += images[:, 1]
    images[:, 2] += images[:, 1]
    return images, values[:count].astype(np.int64)


def cifar(split: str, *files: bytes) -> Parsed:
    images, labels = zip(*(unpack_cifar(data) for data in files), strict=True)
    names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    return {"images": np.concatenate(images), "labels": np.concatenate(labels)}, names


def isbi(split: str, images: bytes, labels: bytes) -> Parsed:
    arrays = {"images": np.load(io.BytesIO(images)), "labels": np.load(io.BytesIO(labels))}  # (30, 512, 512) uint8
    return arrays, ("membrane", "cell")


def emoji(split: str, images: bytes, captions: bytes) -> Parsed:
    with np.load(io.BytesIO(images)) as archive:
        arrays = {"images": archive["images"].transpose(0, 3, 1, 2).copy()}  # (N, 32, 32, 4) -> (N, 4, 32, 32)
    header, *rows = _table(captions)
    return arrays | {name: _texts([row[i] for row in rows]) for i, name in enumerate(header)}, ()


# Texts


def _texts(lines: list[str]) -> np.ndarray:
    return np.array(lines, dtype=np.dtypes.StringDType())


def _table(data: bytes) -> list[list[str]]:
    # Tabs alone separate: the sentences hold unbalanced quotation marks, on which a csv reader would stumble.
    return [line.rstrip("\r").split("\t") for line in data.decode("utf-8").removesuffix("\n").split("\n")]


def shakespeare(split: str, data: bytes) -> Parsed:
    text = data.decode("utf-8")
    characters = sorted(set(text))  # of the whole text, so that both splits number alike
    number = {character: i for i, character in enumerate(characters)}
    ids = np.array([number[character] for character in text], dtype=np.int64)
    cut = int(0.9 * len(ids))  # the usual split
    return {"ids": ids[:cut] if split == "train" else ids[cut:]}, tuple(characters)


def parallel(split: str, de: bytes, en: bytes) -> Parsed:
    pairs = {"de": _texts(de.decode("utf-8").splitlines()), "en": _texts(en.decode("utf-8").splitlines())}
    if len(pairs["de"]) != len(pairs["en"]):
        raise ValueError(f"{len(pairs['de'])} German and {len(pairs['en'])} English lines are no pairs")
    return pairs, ()


def wikitext(split: str, data: bytes) -> Parsed:
    return {"tokens": _texts(data.decode("utf-8").replace("\n", " <eos> ").split())}, ()


def _glue(rows: list[list[str]], texts: dict[str, int], label: int, classes: tuple[str, ...]) -> Parsed:
    """Columns of a GLUE table; a label is written as a class index or name."""
    index = {name: i for i, name in enumerate(classes)} | {str(i): i for i in range(len(classes))}
    arrays = {name: _texts([row[column] for row in rows]) for name, column in texts.items()}
    return arrays | {"labels": np.array([index[row[label]] for row in rows], dtype=np.int64)}, classes


def sst2(split: str, data: bytes) -> Parsed:
    return _glue(_table(data)[1:], {"sentence": 0}, 1, ("negative", "positive"))


def mrpc(split: str, data: bytes) -> Parsed:
    return _glue(_table(data)[1:], {"sentence1": 3, "sentence2": 4}, 0, ("different", "paraphrase"))


def cola(split: str, data: bytes) -> Parsed:
    return _glue(_table(data), {"sentence": 3}, 1, ("unacceptable", "acceptable"))  # no header


def rte(split: str, data: bytes) -> Parsed:
    return _glue(_table(data)[1:], {"sentence1": 1, "sentence2": 2}, 3, ("entailment", "not_entailment"))


# scikit-learn's embedded sets


def _split(split: str, arrays: Arrays) -> Arrays:
    """Our own split, as scikit-learn has none: the last fifth of a fixed permutation is the test set."""
    count = len(next(iter(arrays.values())))
    order = np.random.default_rng(0).permutation(count)
    cut = count - count // 5
    rows = order[:cut] if split == "train" else order[cut:]
    return {name: array[rows] for name, array in arrays.items()}


def bundled(file: str, **options: Any) -> np.ndarray:
    """A table that comes with scikit-learn, read from its file: importing the library takes longer than all the rest.

    Raises:
        ValueError: the installed version has no such file.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ValueError("scikit-learn is not installed")
    path = Path(spec.origin).parent / "datasets" / "data" / file
    if not path.is_file():
        raise ValueError(f"the installed scikit-learn has no {file}; `rungs doctor` names the tested version")
    return np.loadtxt(path, **options)


def digits(split: str) -> Parsed:
    table = bundled("digits.csv.gz", delimiter=",")  # 64 pixels with values 0..16, and the digit
    arrays = {"images": table[:, :-1].reshape(-1, 8, 8).astype(np.uint8), "labels": table[:, -1].astype(np.int64)}
    return _split(split, arrays), tuple("0123456789")


def diabetes(split: str) -> Parsed:
    inputs, targets = bundled("diabetes_data_raw.csv.gz"), bundled("diabetes_target.csv.gz")  # (442, 10); (442,)
    inputs = inputs - inputs.mean(axis=0)
    inputs /= np.sqrt((inputs**2).sum(axis=0))  # each column centred and of length 1, as load_diabetes() gives them
    return _split(split, {"inputs": inputs, "targets": targets}), ()


def breast_cancer(split: str) -> Parsed:
    table = bundled("breast_cancer.csv", delimiter=",", skiprows=1)  # 30 measurements, and the class
    return _split(split, {"inputs": table[:, :-1], "labels": table[:, -1].astype(np.int64)}), ("malignant", "benign")


def sample_images(split: str) -> Parsed:
    from sklearn.datasets import load_sample_image

    images = np.stack([load_sample_image(name) for name in ("china.jpg", "flower.jpg")])
    return {"images": images.transpose(0, 3, 1, 2).copy()}, ("china", "flower")  # (2, 3, 427, 640) uint8
