"""The chapter's own proofs. Each is a function (load, generator) -> findings, declared in `../ladder.py`.

TODO(rungs new): what the paper states and the levels alone do not show: counts of parameters, closed forms, special cases.
"""

from __future__ import annotations

import numpy as np
import torch

from utils.ladder import Load
from utils.levels.arrays import to_numpy
from utils.parity.cases import near
from utils.parity.finding import Finding


def init_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Mean and standard deviation of 100,000 scales: the latter's own is 0.2 %, so 2 % is nine of them."""
    width = 100_000
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    module = load("unet_paper").Unet(width)
    load("unet_paper").init_unet(module, generator)
    found = {
        "numpy": load("unet_numpy").Unet(width, rng=rng).params,
        "pytorch_lowlevel": to_numpy(load("unet_lowlevel").init_unet(width, generator=generator)),
        "paper": to_numpy(module.state_dict()),
    }
    findings = []
    for level, params in found.items():
        weight = params["scale.weight"]
        findings.append(near(f"{level}: mean", float(weight.mean()), 1.0, 0.02))
        findings.append(near(f"{level}: standard deviation", float(weight.std()), 0.1, 0.02))
    return findings
