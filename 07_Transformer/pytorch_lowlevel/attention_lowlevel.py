"""Attention and layer normalisation on tensors, written out; autograd does the backward pass.

Vaswani et al. 2017, section 3.2 (equation 1, and 3.2.2 for several heads). Ba, Kiros, Hinton 2016, equations 3 and 4.

    B  sentences    H  heads    T  queries    S  keys    d  d_model    d_k  width of a head's queries and keys
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

Params = dict[str, Tensor]


# --8<-- [start:masks]
def causal_mask(length: int) -> Tensor:
    """Position t sees 0..t, itself included. Returns: bool (T, T), True where visible"""
    return torch.ones(length, length, dtype=torch.bool).tril()


def padding_mask(tokens: Tensor, pad: int = 0) -> Tensor:
    """Every query sees the real tokens and not the padding. tokens: ids (B, S). Returns: bool (B, 1, 1, S)"""
    return (tokens != pad)[:, None, None, :]


# --8<-- [end:masks]


# --8<-- [start:softmax]
def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """exp(s) / sum exp(s) on the last axis, over the visible entries; a row without any is zero everywhere.

    The softmax of a row of -inf is nan, in the value and in every gradient behind it. Such a row keeps its scores, and is
    then multiplied by zero.
    """
    if mask.dtype != torch.bool:
        raise ValueError(f"masked_softmax expected a boolean mask, True where visible, got {mask.dtype}")
    visible = mask.any(dim=-1, keepdim=True)  # whether a row has anything to look at
    # eq: masked-scores
    hidden = torch.where(mask | ~visible, 0.0, -torch.inf).to(scores.dtype)  # exp(-inf) = 0
    return F.softmax(scores + hidden, dim=-1) * visible


# --8<-- [end:softmax]


# --8<-- [start:attention]
def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """softmax(q k' / sqrt(d_k)) v (equation 1). q: (..., T, d_k). k: (..., S, d_k). v: (..., S, d_v). mask: bool, broadcast
    to (..., T, S), True where visible. Returns: (..., T, d_v)"""
    scores = q @ k.transpose(-1, -2) * (1.0 / math.sqrt(q.shape[-1]))  # (..., T, S)
    # eq: attention
    return masked_softmax(scores, mask) @ v


# --8<-- [end:attention]


# --8<-- [start:multi_head]
def split(x: Tensor, heads: int) -> Tensor:
    """(B, T, H d_k) -> (B, H, T, d_k)"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def multi_head_attention(p: Params, prefix: str, x: Tensor, memory: Tensor, mask: Tensor, heads: int) -> Tensor:
    """Concat(head_1, ..., head_H) W^O (section 3.2.2). p: "{prefix}q.weight" (H d_k, d), ..., "{prefix}out.bias" (d,).

    x: (B, T, d). memory: (B, S, d), x itself in self-attention. mask: bool, broadcast to (B, H, T, S). Returns: (B, T, d)
    """
    d = p[f"{prefix}out.weight"].shape[0]
    if x.ndim != 3 or memory.ndim != 3 or x.shape[2] != d or memory.shape[2] != d or len(x) != len(memory):
        raise ValueError(
            f"{prefix or 'attention '}expected x (B, T, {d}) and memory (B, S, {d}), "
            f"got {tuple(x.shape)} and {tuple(memory.shape)}"
        )
    if heads < 1 or d % heads:
        raise ValueError(f"d_model must be divisible by heads, got d_model {d} and {heads} heads")
    q = split(F.linear(x, p[f"{prefix}q.weight"], p[f"{prefix}q.bias"]), heads)  # (B, H, T, d_k)
    k = split(F.linear(memory, p[f"{prefix}k.weight"], p[f"{prefix}k.bias"]), heads)  # (B, H, S, d_k)
    v = split(F.linear(memory, p[f"{prefix}v.weight"], p[f"{prefix}v.bias"]), heads)  # (B, H, S, d/H)
    # eq: multi-head
    y = attention(q, k, v, mask).transpose(1, 2).flatten(2)  # (B, T, d)
    # eq: multi-head
    return F.linear(y, p[f"{prefix}out.weight"], p[f"{prefix}out.bias"])


# --8<-- [end:multi_head]


# --8<-- [start:layer_norm]
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, over the last axis. x: (..., d)"""
    if x.shape[-1] != len(weight):
        raise ValueError(f"layer_norm expected (..., {len(weight)}), got {tuple(x.shape)}")
    centred = x - x.mean(dim=-1, keepdim=True)
    var = centred.square().mean(dim=-1, keepdim=True)  # divided by d, not by d - 1
    # eq: layernorm
    return torch.addcmul(bias, centred * torch.rsqrt(var + eps), weight)


# --8<-- [end:layer_norm]


# --8<-- [start:init]
def xavier_uniform(out_features: int, in_features: int, *, generator: torch.Generator) -> Tensor:
    """Variance 2 / (in + out), uniform (Glorot, Bengio 2010, equation 16). Returns: (out, in)"""
    bound = math.sqrt(6.0 / (in_features + out_features))
    return (torch.rand(out_features, in_features, generator=generator) * 2.0 - 1.0) * bound


def add_linear(p: Params, name: str, in_features: int, out_features: int, generator: torch.Generator) -> None:
    p[f"{name}.weight"] = xavier_uniform(out_features, in_features, generator=generator).requires_grad_()
    p[f"{name}.bias"] = torch.zeros(out_features, requires_grad=True)


def init_attention(
    d_model: int, heads: int, *, generator: torch.Generator, d_k: int | None = None, prefix: str = ""
) -> Params:
    """The four projections of one multi-head attention. d_k: width of a head's keys; d_model / heads when None."""
    if heads < 1 or d_model % heads:
        raise ValueError(f"d_model must be divisible by heads, got d_model {d_model} and {heads} heads")
    p: Params = {}
    for name in ("q", "k"):
        add_linear(p, f"{prefix}{name}", d_model, heads * (d_k or d_model // heads), generator)
    for name in ("v", "out"):
        add_linear(p, f"{prefix}{name}", d_model, d_model, generator)
    return p


# --8<-- [end:init]
