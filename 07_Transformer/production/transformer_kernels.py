"""What the fused attention costs against the plain one: time, and what is kept for the backward pass.

    python 07_Transformer/production/transformer_kernels.py      writes results/kernels.json and the table of kernels.md

One batch of 8 heads of width 64 in float32 with a causal mask, forward and backward on one CPU thread. Times are CPU
seconds, which other processes disturb less; the variants take turns, and medians are compared. Bytes are counted, not
measured: everything that is stored between the passes, the inputs included.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from online_softmax_numpy import TiledAttention
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from utils import receipts

FOLDER = Path(__file__).resolve().parent
HEADS, WIDTH = 8, 64
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # q, k, v and the gradient of the output: (1, H, n, d_k)


def plain_numpy(q: np.ndarray, k: np.ndarray, v: np.ndarray, dout: np.ndarray) -> int:
    """Sections 1 to 3 of the theory, forward and backward. Returns: the bytes that forward hands to backward."""
    scale, n = q.dtype.type(WIDTH**-0.5), q.shape[2]
    s = (q @ k.swapaxes(2, 3)) * scale
    s[..., np.triu(np.ones((n, n), dtype=bool), 1)] = -np.inf
    a = np.exp(s - s.max(axis=-1, keepdims=True))
    a /= a.sum(axis=-1, keepdims=True)
    _ = a @ v
    kept = q.nbytes + k.nbytes + v.nbytes + a.nbytes
    da = dout @ v.swapaxes(2, 3)
    ds = a * (da - (a * da).sum(axis=-1, keepdims=True)) * scale
    _ = ds @ k, ds.swapaxes(2, 3) @ q, a.swapaxes(2, 3) @ dout
    return kept


def tiled_numpy(q: np.ndarray, k: np.ndarray, v: np.ndarray, dout: np.ndarray) -> int:
    """The chapter's TiledAttention."""
    layer = TiledAttention(128, 128)
    layer.forward(q, k, v, causal=True)
    layer.backward(dout)
    return sum(x.nbytes for x in (q, k, v, layer.kept[6], layer.logsumexp))


def torch_bytes(backend: SDPBackend, q: Tensor, k: Tensor, v: Tensor, dout: Tensor) -> int:
    """The same with one backend of F.scaled_dot_product_attention."""
    storages: dict[int, int] = {}

    def keep(x: Tensor) -> Tensor:
        storages[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    q, k, v = (x.detach().requires_grad_() for x in (q, k, v))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x), sdpa_kernel(backend):
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    out.backward(dout)
    return sum(storages.values())


def variants() -> dict[str, Callable[[Arrays], int]]:
    """Name -> a forward and a backward pass that returns the bytes kept between them."""

    def with_torch(backend: SDPBackend) -> Callable[[Arrays], int]:
        return lambda arrays: torch_bytes(backend, *(torch.from_numpy(x) for x in arrays))

    return {
        "torch, plain (`MATH`)": with_torch(SDPBackend.MATH),
        "torch, fused (`FLASH_ATTENTION`)": with_torch(SDPBackend.FLASH_ATTENTION),
        "NumPy, plain": lambda arrays: plain_numpy(*arrays),
        "NumPy, tiles (`TiledAttention`)": lambda arrays: tiled_numpy(*arrays),
    }


def measure(lengths: tuple[int, ...] = (256, 1024, 4096), rounds: int = 5) -> dict[str, Any]:
    """The record: for each length and variant the median CPU seconds and the bytes kept."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rows: dict[str, dict[str, Any]] = {name: {} for name in variants()}
    try:
        for n in lengths:
            rng = np.random.default_rng(n)
            arrays = tuple(rng.normal(size=(1, HEADS, n, WIDTH)).astype(np.float32) for _ in range(4))
            seconds: dict[str, list[float]] = {name: [] for name in variants()}
            for number in range(rounds + 1):  # the first round warms up
                for name, run in variants().items():
                    began = time.process_time()
                    kept = run(arrays)  # pyright: ignore[reportArgumentType]
                    if number:
                        seconds[name].append(time.process_time() - began)
                    rows[name][str(n)] = {"bytes": kept}
            for name, taken in seconds.items():
                rows[name][str(n)]["seconds"] = statistics.median(taken)
    finally:
        torch.set_num_threads(threads)
    return {
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "rounds": rounds,
        "hardware": receipts.hardware(),
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
        "rows": rows,
    }


def table(record: dict[str, Any]) -> str:
    """The record in Markdown: time relative to torch's plain attention at the same length, and megabytes kept."""
    rows = record["rows"]
    base = next(iter(rows.values()))
    lengths = list(base)
    head = "".join(f" time at {n} | kept at {n} |" for n in lengths)
    lines = [f"| attention |{head}", "| --- |" + " ---: | ---: |" * len(lengths)]
    for name, row in rows.items():
        cells = [
            f" {row[n]['seconds'] / base[n]['seconds']:.2f} | {row[n]['bytes'] / 2**20:.1f} MiB |" for n in lengths
        ]
        lines.append(f"| {name} |{''.join(cells)}")
    used = record["versions"]
    lines += [
        "",
        "Forward and backward over n words, 8 heads of width 64, float32, causal. Time as a ratio to the first row, "
        f"medians of {record['rounds']} rounds in turns, one thread of {record['hardware']['cpu']}, "
        f"torch {used['torch'].split('+')[0]}, NumPy {used['numpy']} ([record](results/kernels.json)).",
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args(argv)
    record = measure(rounds=arguments.rounds)
    (FOLDER / "results").mkdir(exist_ok=True)
    (FOLDER / "results" / "kernels.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    page = FOLDER / "kernels.md"
    between = re.compile(r"(?<=<!-- table: kernels -->\n).*?(?=<!-- /table -->)", re.S)
    text = page.read_text(encoding="utf-8")
    page.write_text(between.sub(lambda _: f"\n{table(record)}\n\n", text), encoding="utf-8")


if __name__ == "__main__":
    main()
