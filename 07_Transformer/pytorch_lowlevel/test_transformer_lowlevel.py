from __future__ import annotations

import pytest
import torch
from attention_lowlevel import attention, causal_mask, init_attention, layer_norm, masked_softmax, multi_head_attention
from torch.nn import functional as F
from transformer_lowlevel import (
    embed,
    init_transformer,
    sinusoids,
    smoothed_cross_entropy,
    transformer,
    transformer_schedule,
)

SIZES = {"layers": 2, "d_model": 10, "heads": 2, "d_ff": 13}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draw(*shape: int, g: torch.Generator) -> torch.Tensor:
    return torch.randn(*shape, generator=g, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("hidden", [0.0, 0.4, 1.0])
def test_attention_is_torchs(hidden):
    g = generator()
    q, k, v = draw(2, 3, 5, 7, g=g), draw(2, 3, 11, 7, g=g), draw(2, 3, 11, 13, g=g)
    mask = torch.rand(2, 1, 5, 11, generator=g) >= hidden
    upstream = torch.randn(2, 3, 5, 13, generator=g, dtype=torch.float64)
    ours, theirs = attention(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    pairs = zip(*(torch.autograd.grad(y, (q, k, v), upstream) for y in (ours, theirs)), strict=True)
    for got, want in pairs:
        torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


def test_a_hidden_row_has_no_nan_in_any_gradient():
    """`torch.softmax` of such a row is nan, and nan times 0 is nan: one hidden row would spoil every parameter."""
    scores = torch.zeros(2, 3, requires_grad=True)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    masked_softmax(scores, mask).square().sum().backward()
    assert scores.grad is not None and scores.grad.isfinite().all()
    assert torch.softmax(torch.full((3,), -torch.inf), 0).isnan().all()


def test_layer_norm_is_torchs():
    g = generator()
    x, weight, bias = draw(2, 3, 7, g=g), draw(7, g=g), draw(7, g=g)
    ours, theirs = layer_norm(x, weight, bias), F.layer_norm(x, (7,), weight, bias)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    upstream = torch.randn(2, 3, 7, generator=g, dtype=torch.float64)
    pairs = zip(*(torch.autograd.grad(y, (x, weight, bias), upstream) for y in (ours, theirs)), strict=True)
    for got, want in pairs:
        torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_label_smoothing_is_torchs(smoothing):
    g = generator()
    logits, labels = draw(2, 5, 7, g=g), torch.randint(1, 7, (2, 5), generator=g)
    labels[0, 3:] = 0
    want = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0, label_smoothing=smoothing)
    torch.testing.assert_close(smoothed_cross_entropy(logits, labels, smoothing), want)


def test_parameters_are_leaves_that_learn():
    params = init_transformer(17, **SIZES, generator=generator())
    assert all(p.is_leaf and p.requires_grad for p in params.values())
    source, target = torch.tensor([[3, 4, 0], [0, 0, 0]]), torch.tensor([[1, 5], [1, 6]])
    logits, record = transformer(params, source, target, 2)
    smoothed_cross_entropy(logits, torch.tensor([[5, 2], [6, 2]])).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in params.values())
    assert len(record) == 2 * 4 + 2 * 6


def test_initialisation_depends_on_the_generator_alone():
    first, again, other = (init_transformer(17, **SIZES, generator=generator(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["embedding.weight"], other["embedding.weight"])


def test_positions_and_schedule():
    table = sinusoids(3, 4)
    torch.testing.assert_close(table[0], torch.tensor([0, 1, 0, 1], dtype=torch.float64))
    torch.testing.assert_close(
        table[2, 2:],
        torch.tensor([0.02, 0.02], dtype=torch.float64)
        .sin_()
        .where(torch.tensor([True, False]), torch.tensor([0.02, 0.02], dtype=torch.float64).cos()),
    )
    assert transformer_schedule(4000, 512) == pytest.approx(6.99e-4, rel=1e-3)


def test_what_is_refused():
    g = generator()
    p = init_attention(10, 2, generator=g)
    x = torch.randn(2, 5, 10, generator=g)
    with pytest.raises(ValueError, match="divisible by heads, got d_model 10 and 3 heads"):
        multi_head_attention(p, "", x, x, causal_mask(5), 3)
    for heads in (3, 0, -2):
        with pytest.raises(ValueError, match="divisible by heads"):
            init_attention(10, heads, generator=g)
    with pytest.raises(ValueError, match="boolean mask, True where visible, got torch"):
        multi_head_attention(p, "", x, x, torch.ones(5, 5), 2)
    with pytest.raises(ValueError, match=r"got \(2, 5, 10\) and \(1, 5, 10\)"):
        multi_head_attention(p, "", x, x[:1], causal_mask(5), 2)
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 7\), got \(2, 5, 10\)"):
        layer_norm(x, torch.ones(7), torch.zeros(7))
    table = torch.randn(17, 10, generator=g)
    with pytest.raises(ValueError, match="ids from 0 to 16, got 3 to 17"):
        embed(table, torch.tensor([[3, 17]]))
    for tokens in (torch.full((1, 5), 3), torch.zeros(2, 0, dtype=torch.long), torch.zeros(0, 3, dtype=torch.long)):
        with pytest.raises(ValueError, match="T from 1 to 4"):
            embed(table, tokens, max_length=4)
    params = init_transformer(17, **SIZES, generator=g)
    with pytest.raises(ValueError, match=r"as many sentences, got \(1, 2\) and \(2, 2\)"):
        transformer(params, torch.tensor([[3, 4]]), torch.tensor([[1, 3], [1, 4]]), 2)
    with pytest.raises(ValueError, match=r"labels of shape \(2, 3\), got \(3, 2\)"):
        smoothed_cross_entropy(torch.zeros(2, 3, 5), torch.ones(3, 2, dtype=torch.long))
    with pytest.raises(ValueError, match="nothing but padding"):
        smoothed_cross_entropy(torch.zeros(2, 3, 5), torch.zeros(2, 3, dtype=torch.long))
    for step, warmup in ((0, 4000), (1, 0)):
        with pytest.raises(ValueError, match="counts from 1"):
            transformer_schedule(step, 512, warmup)
