"""The paper level with switches that change how fast it runs, and not what it computes: device, bf16, layout, compile."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from utils.ladder import Params, Trainer
from utils.levels import ModuleLevel


class SwitchedLevel(ModuleLevel):
    """A `ModuleLevel` whose `start` takes these options besides the optimizer's.

    device: "cpu", "cuda", ...; "auto" takes a GPU where there is one
    amp: matrix products and convolutions in bfloat16, which has the range of float32 and needs no loss scaling
    channels_last: (B, H, W, C) in memory, the order that GPU convolutions work in
    compiled: `torch.compile` of the forward and backward pass
    """

    def start(
        self,
        params: Params,
        *,
        device: str = "cpu",
        amp: bool = False,
        channels_last: bool = False,
        compiled: bool = False,
        **options: Any,
    ) -> Trainer:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        layout = torch.channels_last if channels_last else torch.contiguous_format

        def one_pass(module: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
            images = batch["images"].contiguous(memory_format=layout)
            with torch.autocast(images.device.type, torch.bfloat16, enabled=amp):
                outputs, loss = self.one_pass(module, batch | {"images": images})
            return {name: value.float() for name, value in outputs.items()} if amp else outputs, loss

        level = copy.copy(self)
        level.one_pass = one_pass
        level.module = lambda params: self.module(params).to(device, memory_format=layout)  # type: ignore[call-overload]
        trainer: Any = ModuleLevel.start(level, params, **options)
        if compiled:
            trainer.outer = torch.compile(trainer.outer)
        return trainer
