"""Data sets: good, truncated, altered and missing files, with the network there, broken and away."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from utils import data_loaders
from utils.data_formats import parse_idx, unpack_cifar
from utils.data_loaders import CATALOGUE, DataError, both_sources, data_file, data_folder, load_dataset, missing_files

IMAGES = np.arange(3 * 5 * 7, dtype=np.uint8).reshape(3, 5, 7)
LABELS = np.array([2, 0, 9], dtype=np.uint8)


def idx(array: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


FILES = {
    f"{part}-{what}-ubyte.gz": gzip.compress(idx(array), mtime=0)
    for part in ("train", "t10k")
    for what, array in (("images-idx3", IMAGES), ("labels-idx1", LABELS))
}
TRAIN = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves FILES from /good/; cuts them short, alters them, or refuses them under the other names."""

    def do_GET(self) -> None:
        _, mode, name = self.path.split("/")
        if mode == "refused":
            self.send_error(404)
            return
        body = FILES[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if mode == "altered":
            body = body[:-1] + b"?"
        self.wfile.write(body[: len(body) // 2] if mode == "truncated" else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> Path:
    """An empty cache folder, and a small `mnist` in place of the real one, served from this machine."""
    pins = {name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in FILES.items()}
    table = {
        "mnist": {"url": f"{server}/good/", "files": pins},
        "cifar-10": {"files": {"data_batch_1.xz": pins[TRAIN[0]]}},
    }
    monkeypatch.setattr(data_loaders, "_file_table", lambda: table)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("RUNGS_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


def serve(mode: str) -> None:
    table = data_loaders._file_table()
    table["mnist"]["url"] = table["mnist"]["url"].replace("/good/", f"/{mode}/")


def place(cache: Path, **changed: bytes) -> None:
    (cache / "mnist").mkdir(parents=True)
    for name, body in FILES.items():
        (cache / "mnist" / name).write_bytes(changed.get(name.split("-ubyte")[0].replace("-", "_"), body))


def left_behind(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def message(name: str = "mnist", split: str = "train", **options: bool) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(name, split, **options)
    return str(caught.value)


def test_good_files_are_used_without_the_network(cache: Path) -> None:
    place(cache)
    serve("refused")
    data = load_dataset("mnist", "train")
    np.testing.assert_array_equal(data.arrays["images"], IMAGES)
    np.testing.assert_array_equal(data.arrays["labels"], LABELS)
    assert data.arrays["labels"].dtype == np.int64
    assert len(data) == 3
    assert str(cache) not in data.source
    assert hashlib.sha256(FILES[TRAIN[0]]).hexdigest()[:16] in data.source


def test_missing_files_are_fetched_once(cache: Path) -> None:
    assert missing_files("mnist", "train") == [f"mnist/{name}" for name in TRAIN]
    load_dataset("mnist", "train")
    assert left_behind(cache) == list(TRAIN)
    assert missing_files("mnist", "train") == []
    serve("refused")
    load_dataset("mnist", "train")


@pytest.mark.parametrize(
    ("mode", "says"), [("refused", "404"), ("truncated", "broke off"), ("altered", "sent something other")]
)
def test_a_failed_fetch_leaves_no_file(cache: Path, mode: str, says: str) -> None:
    serve(mode)
    text = message()
    assert says in text
    assert "'mnist'" in text
    assert TRAIN[0] in text
    assert "RUNGS_DATA" in text
    assert left_behind(cache) == []


def test_no_network(cache: Path) -> None:
    data_loaders._file_table()["mnist"]["url"] = "http://127.0.0.1:1/"
    text = message()
    assert "no connection" in text
    assert f"http://127.0.0.1:1/{TRAIN[0]}" in text
    assert str(cache) in text
    assert left_behind(cache) == []


def test_download_can_be_forbidden(cache: Path) -> None:
    assert "may not be downloaded" in message(download=False)
    assert not cache.exists()


def test_a_file_without_address_says_where_to_put_it(cache: Path) -> None:
    text = message("cifar-10")
    assert "no public address" in text
    assert str(cache) in text


@pytest.mark.parametrize(("change", "says"), [(lambda b: b[:-9], "truncated"), (lambda b: b[:-1] + b"?", "altered")])
def test_a_damaged_file_is_refused_and_kept(cache: Path, change, says: str) -> None:
    damaged = change(FILES[TRAIN[1]])
    place(cache, train_labels_idx1=damaged)
    text = message()
    assert says in text
    assert TRAIN[1] in text
    assert hashlib.sha256(damaged).hexdigest()[:16] in text
    assert f"{len(FILES[TRAIN[1]]):,} bytes" in text
    assert (cache / "mnist" / TRAIN[1]).read_bytes() == damaged


def test_a_file_damaged_after_a_good_load_is_refused(cache: Path) -> None:
    place(cache)
    load_dataset("mnist", "train")
    (cache / "mnist" / TRAIN[0]).write_bytes(FILES[TRAIN[0]] + b"?")
    assert "altered" in message()


def test_the_bytes_that_are_used_are_those_that_were_checked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(cache)
    verify = data_loaders._verify

    def then_altered(file: str, path: Path, *rest) -> None:
        verify(file, path, *rest)
        path.write_bytes(b"altered behind our back")

    monkeypatch.setattr(data_loaders, "_verify", then_altered)
    assert len(load_dataset("mnist", "train")) == len(IMAGES)


def test_every_address_is_encrypted() -> None:
    for name, entry in CATALOGUE.items():
        for file in {file for files in entry.files.values() for file in files}:
            url = data_loaders.file_url(file)
            assert not url or url.startswith("https://"), name


def test_a_cache_folder_that_cannot_be_written(cache: Path) -> None:
    cache.write_bytes(b"a file where the folder should be")
    text = message()
    assert "cannot be stored" in text
    assert "set RUNGS_DATA to another folder" in text


def test_a_full_disk(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pooch

    class Full(pooch.HTTPDownloader):
        def __call__(self, url, output_file, pooch, check_only=False):
            Path(output_file).write_bytes(b"part")
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pooch, "HTTPDownloader", Full)
    assert "No space left on device" in message()
    assert left_behind(cache) == []


def test_unknown_names() -> None:
    assert "did you mean 'mnist'?" in message("mnits")
    assert "did you mean 'cifar-10'?" in message("cifar10")
    assert "known sets: digits" in message("imagenet-22k")
    assert "it has: train, val" in message("glue-cola", "test")
    with pytest.raises(DataError, match="not listed"):
        data_file("mnist/other.gz")


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNGS_DATA", "~/sets")
    assert data_folder() == Path.home() / "sets"
    monkeypatch.setenv("RUNGS_DATA", "~nouser/x")
    with pytest.raises(DataError, match="RUNGS_DATA is '~nouser/x', and there is no such user"):
        data_folder()
    monkeypatch.setenv("RUNGS_DATA", "")
    assert data_folder().name == "rungs"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "nothing"),
        (b"\x1f\x8b\x08\x00", "1f8b0800"),
        (idx(IMAGES)[:3] + b"\x09", "expected"),
        (idx(IMAGES)[:-1], "104 follow"),
        (idx(IMAGES) + b"\0", "106 follow"),
    ],
)
def test_idx_files_that_do_not_fit(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_idx(data)


def test_images_and_labels_must_belong_together(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {"images": idx(IMAGES), "labels": idx(LABELS[:2])}
    monkeypatch.setattr(data_loaders, "_contents", lambda file, download: contents[file.split("-")[1]])
    assert "do not belong together" in message()
    contents["labels"] = idx(LABELS + np.uint8(1))
    assert "0..9, got 10" in message()


def test_cifar_coding_round_trip() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)
    labels = rng.integers(0, 10, 5, dtype=np.uint8)
    coded = images.copy()
    coded[:, 0] -= images[:, 1]
    coded[:, 2] -= images[:, 1]
    for axis in (3, 2):
        coded = np.diff(coded, axis=axis, prepend=np.uint8(0))
    got_images, got_labels = unpack_cifar(labels.tobytes() + coded.tobytes())
    np.testing.assert_array_equal(got_images, images)
    np.testing.assert_array_equal(got_labels, labels)
    with pytest.raises(ValueError, match="3073"):
        unpack_cifar(b"123")


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [("digits", (8, 8), "labels"), ("diabetes", (10,), "targets"), ("breast_cancer", (30,), "labels")],
)
def test_embedded_sets(name: str, shape: tuple[int, ...], kind: str) -> None:
    from sklearn import datasets

    whole = getattr(datasets, f"load_{name}")()
    train, test = load_dataset(name, "train"), load_dataset(name, "test")
    inputs = next(iter(train.arrays))
    assert train.arrays[inputs].shape[1:] == shape
    assert len(train) + len(test) == len(whole.target)
    assert len(test) == len(whole.target) // 5
    both = np.concatenate([train.arrays[kind], test.arrays[kind]])
    np.testing.assert_array_equal(np.sort(both), np.sort(whole.target))
    values = np.concatenate([train.arrays[inputs], test.arrays[inputs]])
    np.testing.assert_allclose(np.sort(values, axis=None), np.sort(whole.data, axis=None), rtol=0, atol=1e-15)
    assert "scikit-learn" in train.source
    assert both_sources(name) == f"{train.source} and {test.source}"


def test_every_listed_file_is_pinned() -> None:
    for entry in CATALOGUE.values():
        for files in entry.files.values():
            for file in files:
                pin = data_loaders._pin(file)
                assert len(pin["sha256"]) == 64
                assert pin["bytes"] > 0


def test_texts_and_tables() -> None:
    from utils import data_formats as formats

    train, characters = formats.shakespeare("train", b"to be or not")
    val, _ = formats.shakespeare("val", b"to be or not")
    ids = np.concatenate([train["ids"], val["ids"]])
    assert "".join(characters[i] for i in ids) == "to be or not"
    arrays, names = formats.sst2("train", b'sentence\tlabel\n"odd quote\t1\nfine\t0\n')
    assert arrays["sentence"].tolist() == ['"odd quote', "fine"]
    assert [names[i] for i in arrays["labels"]] == ["positive", "negative"]
    arrays, _ = formats.rte("train", b"index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot_entailment\n")
    assert (arrays["sentence2"].tolist(), arrays["labels"].tolist()) == (["b"], [1])
    with pytest.raises(ValueError, match="no pairs"):
        formats.parallel("train", b"ein\nzwei\n", b"one\n")
