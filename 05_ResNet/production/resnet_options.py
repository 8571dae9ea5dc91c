"""What each option of timm's ResNet costs: parameters, multiply-adds and time, one option at a time on ResNet-50.

    python 05_ResNet/production/resnet_options.py            writes results/options.json, the table of the page comes from it

Parameters and multiply-adds are counted on the meta device, which computes shapes and no numbers. Times are of a forward
and a backward pass on one thread, in CPU seconds, which other processes disturb less; the variants take turns, and medians are
compared.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from resnet_paper import ResNet
from timm.layers.blur_pool import BlurPool2d
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet50

from utils import receipts

FOLDER = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Option:
    name: str  # as the page writes it
    what: str
    paper: str
    settings: dict[str, Any]


OPTIONS = (
    Option(
        "`stem_type='deep'`",
        "three 3x3 convolutions for the 7x7",
        "He T. et al. 2019 (ResNet-C)",
        {"stem_type": "deep", "stem_width": 32},
    ),
    Option(
        "`stem_type='deep_tiered'`",
        "the same, growing width by width",
        "none: timm's own (ResNet-T)",
        {"stem_type": "deep_tiered", "stem_width": 32},
    ),
    Option(
        "`avg_down=True`",
        "average pooling, then a 1x1 convolution of stride 1, on the shortcut",
        "He T. et al. 2019 (ResNet-D)",
        {"avg_down": True},
    ),
    Option(
        "`replace_stem_pool=True`",
        "a convolution of stride 2 for the max-pooling",
        "Bello et al. 2021 (ResNet-RS)",
        {"replace_stem_pool": True},
    ),
    Option(
        "`cardinality=32, base_width=4`",
        "the 3x3 convolution in 32 groups",
        "Xie et al. 2017 (ResNeXt)",
        {"cardinality": 32, "base_width": 4},
    ),
    Option(
        "`base_width=128`", "twice the width inside each bottleneck", "Zagoruyko, Komodakis 2016", {"base_width": 128}
    ),
    Option(
        "`block_reduce_first=2`",
        "the first 1x1 convolution half as wide",
        "Hu et al. 2018 (SENet-154)",
        {"block_reduce_first": 2},
    ),
    Option(
        "`down_kernel_size=3`", "a 3x3 convolution as projection", "Hu et al. 2018 (SENet-154)", {"down_kernel_size": 3}
    ),
    Option(
        "`attn_layer='se'`",
        "squeeze and excitation at the end of each branch",
        "Hu et al. 2018",
        {"block_args": {"attn_layer": "se"}},
    ),
    Option(
        "`attn_layer='eca'`",
        "channel attention by a one-dimensional convolution",
        "Wang et al. 2020",
        {"block_args": {"attn_layer": "eca"}},
    ),
    Option("`aa_layer='blur'`", "a blur before each subsampling", "Zhang 2019", {"aa_layer": BlurPool2d}),
    Option(
        "`aa_layer='avg'`",
        "average pooling for each subsampling",
        "Zhang 2019, its simplest filter",
        {"aa_layer": nn.AvgPool2d},
    ),
    Option(
        "`norm_layer='groupnorm'`",
        "statistics over groups of channels, not over the batch",
        "Wu, He 2018",
        {"norm_layer": "groupnorm"},
    ),
    Option("`act_layer='silu'`", "x times sigmoid(x) for ReLU", "Hendrycks, Gimpel 2016", {"act_layer": "silu"}),
    Option(
        "`output_stride=16`", "the last stage dilates in place of striding", "Yu et al. 2017", {"output_stride": 16}
    ),
    Option("`output_stride=8`", "the last two stages dilate", "Yu et al. 2017", {"output_stride": 8}),
    Option(
        "`drop_path_rate=0.1`",
        "branches left out at random in training",
        "Huang et al. 2016 (stochastic depth)",
        {"drop_path_rate": 0.1},
    ),
    Option(
        "`drop_block_rate=0.1`",
        "squares of the feature maps left out in training",
        "Ghiasi et al. 2018",
        {"drop_block_rate": 0.1},
    ),
    Option(
        "`global_pool='catavgmax'`",
        "average and maximum, side by side",
        "none known to us",
        {"global_pool": "catavgmax"},
    ),
    Option(
        "`set_grad_checkpointing()`",
        "activations computed again in the backward pass",
        "Chen T. et al. 2016",
        {"checkpointing": True},
    ),
)


def variants() -> dict[str, Callable[[], nn.Module]]:
    """Name -> what builds it: the plain ResNet-50 of timm first, then ours, torchvision's and every option."""

    def with_option(settings: dict[str, Any]) -> nn.Module:
        settings = dict(settings)
        checkpointing = settings.pop("checkpointing", False)
        model: Any = timm.create_model("resnet50", **settings)
        model.set_grad_checkpointing(checkpointing)
        return model

    plain: dict[str, Callable[[], nn.Module]] = {
        "timm": lambda: timm.create_model("resnet50"),
        "ours": lambda: ResNet(50),
        "torchvision": lambda: resnet50(weights=None),
    }
    return plain | {o.name: (lambda settings=o.settings: with_option(settings)) for o in OPTIONS}


def count(build: Callable[[], nn.Module], size: int) -> tuple[int, float]:
    """Trainable parameters, and multiply-adds in 1e9 of a forward pass over one `size` x `size` image."""
    with torch.device("meta"):
        model, x = build(), torch.empty(1, 3, size, size)
    model.eval()  # a batch of one: group statistics and counting need no batch
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(x)
    return sum(p.numel() for p in model.parameters()), counter.get_total_flops() / 2 / 1e9


def time_steps(size: int, batch: int, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each forward and backward pass on one thread, the variants taking turns."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, 3, size, size, generator=generator)
    seconds: dict[str, list[float]] = {name: [] for name in variants()}
    models = {name: build().train() for name, build in variants().items()}
    for number in range(rounds + 1):  # the first round warms up
        for name in list(models)[number % len(models) :] + list(models)[: number % len(models)]:
            began = time.process_time()
            models[name](x).square().mean().backward()
            elapsed = time.process_time() - began
            models[name].zero_grad(set_to_none=True)
            if number:
                seconds[name].append(elapsed)
    return seconds


def measure(*, count_size: int = 224, size: int = 96, batch: int = 2, rounds: int = 9) -> dict[str, Any]:
    """The receipt: for every variant parameters, multiply-adds, and the median time as a ratio to timm's plain ResNet-50."""
    seconds = time_steps(size, batch, rounds)
    base = statistics.median(seconds["timm"])
    about = {option.name: option for option in OPTIONS}
    rows = {}
    for name, build in variants().items():
        parameters, multiply_adds = count(build, count_size)
        times = sorted(s / base for s in seconds[name])
        rows[name] = {
            "what": about[name].what if name in about else "plain ResNet-50",
            "paper": about[name].paper if name in about else "He K. et al. 2016",
            "parameters": parameters,
            "multiply_adds_1e9": round(multiply_adds, 4),
            "time_ratio": round(statistics.median(times), 3),
            "time_ratio_middle_half": [round(times[len(times) // 4], 3), round(times[-1 - len(times) // 4], 3)],
        }
    return {
        "model": "ResNet-50, one option changed at a time",
        "counted_at": f"one {count_size}x{count_size} image",
        "timed": f"forward and backward on one CPU thread, batch {batch}, {size}x{size}, float32; medians of {rounds} rounds",
        "base_cpu_ms": round(1e3 * base, 1),
        "rows": rows,
        "hardware": receipts.hardware(),
        "versions": receipts.versions("torch", "torchvision", "timm"),
        "commit": receipts.commit("05_ResNet/paper", "05_ResNet/production").model_dump(),
        "created": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=96, help="height and width of the timed images")
    parser.add_argument("--batch", type=int, default=2, help="images of a timed step")
    parser.add_argument("--out", type=Path, default=FOLDER / "options.json")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    report = measure(size=options.size, batch=options.batch, rounds=options.rounds)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    receipts.write_json_atomic(options.out, report)
    print(f"{len(report['rows'])} variants -> {options.out.name}")


if __name__ == "__main__":
    main()
