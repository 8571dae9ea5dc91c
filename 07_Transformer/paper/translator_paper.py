"""The configuration of a translation run, and the model that it names: the Transformer or the recurrent one."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

import torch
from gru_paper import GruTranslator
from pydantic import Field, model_validator
from transformer_paper import Transformer

from utils.config import Config, Depth, Device, Examples, Seed, Steps, Width

Translator = Transformer | GruTranslator
MAX_LENGTH = 256  # positions of the table


class TranslationConfig(Config):
    """Hyperparameters of one model on one task. The defaults of the model and its training are Table 3's base."""

    model: Literal["transformer", "gru"] = Field("transformer", description="gru: recurrent, with additive attention")
    task: Literal["dates-english", "dates-german", "multi30k"] = Field(
        description="what is translated; the paper: WMT 2014 English-German and English-French (section 5.1)"
    )
    examples: Examples | None = Field(None, description="only the first so many training pairs; all if empty")
    test_examples: Examples | None = Field(None, description="likewise of the validation and the test pairs")
    vocabulary: int = Field(
        37_000, ge=259, le=1_000_000, description="of the byte-pair encoding that both languages share (5.1)"
    )
    layers: Depth = Field(6, description="N of encoder and of decoder (Table 3); the gru has one of each")
    d_model: Width = Field(512, ge=2, description="width; of the gru's embedding (Table 3)")
    heads: Width = Field(8, description="h (Table 3, rows A)")
    d_k: Width | None = Field(None, description="width of a head's keys; d_model / heads if empty (rows B)")
    d_ff: Width = Field(2048, description="inner width of the feed-forward network (Table 3)")
    hidden: Width = Field(256, ge=2, description="width of the gru's states; not the paper's")
    learned_positions: bool = Field(False, description="a trained table in place of the sinusoids (row E)")
    dropout: float = Field(0.1, ge=0, lt=1, description="P_drop (section 5.4, rows D)")
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="eps_ls (section 5.4, rows D)")
    tokens: int = Field(
        50_000, ge=2, le=10_000_000, description="of source and target together in a batch (section 5.1)"
    )
    steps: Steps = Field(100_000, description="updates (section 5.2)")
    warmup: Steps = Field(4000, description="updates in which the learning rate rises (equation 3)")
    lr_factor: float = Field(1.0, gt=0, le=1000, description="times equation 3; the paper: 1")
    average: int = Field(
        1, ge=1, le=1000, description="the mean of so many last checkpoints is evaluated (section 6.1: 5)"
    )
    beam: int = Field(4, ge=1, le=100, description="of beam search; 1 decodes greedily (section 6.1)")
    alpha: float = Field(0.6, ge=0, le=10, description="length penalty (section 6.1)")
    eval_every: Steps = Field(100, description="updates between two lines of the log and two checkpoints")
    start_from: str | None = Field(None, description="folder of a run whose weights are tuned further")
    device: Device = Field("auto", description="auto takes a GPU where there is one; paper level only")
    seed: Seed = Field(0, description="of initial weights, batch order and dropout, each a stream of its own")

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.model == "transformer" and self.d_model % self.heads:
            raise ValueError(f"d_model must be divisible by heads, got d_model {self.d_model} and {self.heads} heads")
        if self.average > self.checkpoints(self.steps):
            raise ValueError(
                f"average = {self.average} checkpoints, one every {self.eval_every} updates, need more than "
                f"{self.steps} updates"
            )
        return self

    def checkpoints(self, step: int) -> int:
        """How many checkpoints there are when `step` has one: every `eval_every` updates, and behind the last."""
        return math.ceil(step / self.eval_every)


def sizes_of(config: TranslationConfig, vocabulary: int) -> dict[str, Any]:
    """The arguments of the Transformer that `config` describes. Learned positions are the paper level's alone."""
    names = ("layers", "d_model", "heads", "d_ff", "d_k")
    learned = {"learned_positions": True} if config.learned_positions else {}
    sizes = {name: getattr(config, name) for name in names}
    return {"vocabulary": vocabulary, **sizes, "max_length": MAX_LENGTH, **learned}


def build_model(config: TranslationConfig, vocabulary: int, generator: torch.Generator | None = None) -> Translator:
    """The module that `config` names. `generator` draws the initial weights and the dropout masks."""
    if config.model == "gru":
        return GruTranslator(
            vocabulary, embedding=config.d_model, hidden=config.hidden, dropout=config.dropout, generator=generator
        )
    return Transformer(**sizes_of(config, vocabulary), dropout=config.dropout, generator=generator)
