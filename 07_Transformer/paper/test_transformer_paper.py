from __future__ import annotations

from typing import Any

import pytest
import torch
from recipe_paper import smoothed_cross_entropy, transformer_schedule
from torch import nn
from transformer_checks import shapes_only
from transformer_paper import Dropout, MultiHeadAttention, Transformer, base, big, sinusoids

SIZES: dict[str, Any] = {"layers": 2, "d_model": 10, "heads": 2, "d_ff": 13, "max_length": 23}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(seed: int = 0, **changes: Any) -> Transformer:
    with torch.random.fork_rng(devices=[]):
        model = Transformer(17, **SIZES | changes, generator=generator(seed))
    return model.double()


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    g = generator(1)
    source, target = torch.randint(3, 17, (3, 7), generator=g), torch.randint(3, 17, (3, 5), generator=g)
    source[1, 4:], target[:, 0], target[2, 3:] = 0, 1, 0
    return source, target


def test_base_and_big_are_table_3():
    with shapes_only():
        for build, sizes, p in ((base, (6, 512, 8, 2048), 0.1), (big, (6, 1024, 16, 4096), 0.3)):
            model = build(37_000)
            layer = model.encoder[0]
            found = len(model.encoder), model.d_model, layer.attention.heads, layer.feed_forward.linear1.out_features
            assert found == sizes and model.dropout.p == p and len(model.decoder) == 6


def test_the_embedding_is_shared():
    model = small()
    assert [name for name in model.state_dict() if "embedding" in name or "positions" in name] == ["embedding.weight"]
    assert sum(p.shape == (17, 10) for p in model.parameters()) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_cache_changes_nothing(dtype):
    model = small().to(dtype).eval()
    source, target = batch()
    source[2] = 0  # an empty sentence, too
    with torch.no_grad():
        whole, cache = model(source, target), model.start(source)
        assert whole.dtype == dtype and whole.isfinite().all()
        for t in range(5):
            step = model.step(target[:, t], cache)
            rtol, atol = (1e-4, 1e-5) if dtype == torch.float32 else (1e-10, 1e-12)
            torch.testing.assert_close(step, whole[:, t], rtol=rtol, atol=atol)


def test_dropout_is_where_the_paper_has_it():
    """Behind each sub-layer and on both sums of embedding and position; attention weights and hidden units stay whole."""
    model = small(dropout=0.5).train()
    dropped = [name for name, module in model.named_modules() if isinstance(module, (Dropout, nn.Dropout))]
    assert dropped == ["dropout"]  # one module, called in every place
    calls: list[tuple[int, ...]] = []
    model.dropout.register_forward_hook(lambda _module, inputs, _output: calls.append(tuple(inputs[0].shape)))
    source, target = batch()
    model(source, target)
    assert calls == [(3, 7, 10)] * (1 + 2 * 2) + [(3, 5, 10)] * (1 + 2 * 3)


def test_masks_that_are_given_are_used_and_nothing_is_drawn():
    model = small(dropout=0.5).train()
    source, target = batch()
    g = generator(2)
    shapes = {"source": (3, 7, 10), "target": (3, 5, 10), "encoder": (2, 2, 3, 7, 10), "decoder": (2, 3, 3, 5, 10)}
    masks = {name: 2.0 * (torch.rand(*shape, generator=g, dtype=torch.float64) < 0.5) for name, shape in shapes.items()}
    torch.testing.assert_close(model(source, target, masks), model(source, target, masks))
    ones = {name: torch.ones_like(mask) for name, mask in masks.items()}
    torch.testing.assert_close(model(source, target, ones), model.eval()(source, target))


def test_dropout_is_drawn_from_the_generator_alone():
    outputs = []
    source, target = batch()
    for _ in range(2):
        model = small(dropout=0.3).train()
        torch.rand(7)  # torch's own stream moves on, and does not matter
        outputs.append(model(source, target))
    torch.testing.assert_close(outputs[0], outputs[1])
    x = torch.ones(100, 100)
    y = Dropout(0.4, generator())(x)
    assert sorted(y.unique().tolist()) == pytest.approx([0.0, 1 / 0.6]) and abs(float(y.mean()) - 1) < 0.03
    assert torch.equal(Dropout(0.4, None).eval()(x), x)
    for p in (-0.1, 1.0):
        with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\)"):
            Dropout(p, None)


def test_learned_positions():
    model = small(learned_positions=True, max_length=500, d_model=64)
    assert model.positions.std().item() == pytest.approx(1 / 8, rel=0.02)  # N(0, 1/d), as the embedding's
    model = small(learned_positions=True)
    assert "positions" in model.state_dict() and model.state_dict()["positions"].shape == (23, 10)
    source, target = batch()
    model(source, target).sum().backward()
    assert model.positions.grad is not None and model.positions.grad[:7].any() and not model.positions.grad[7:].any()


def test_attention_weights_can_be_looked_at():
    g = generator()
    with torch.random.fork_rng(devices=[]):
        attention = MultiHeadAttention(10, 2)
    x, memory = torch.randn(3, 5, 10, generator=g), torch.randn(3, 7, 10, generator=g)
    mask = torch.ones(3, 1, 5, 7, dtype=torch.bool)
    mask[..., 5:], mask[2] = False, False
    weights = attention.weights(x, memory, mask)
    assert weights.shape == (3, 2, 5, 7) and not weights[..., 5:].any() and not weights[2].any()
    torch.testing.assert_close(weights[:2].sum(-1), torch.ones(2, 2, 5))
    y = (weights @ attention.split(attention.v(memory))).transpose(1, 2).flatten(2)
    torch.testing.assert_close(attention.out(y), attention(x, memory, mask))


def test_attending_to_kept_keys_and_values_is_the_forward_pass():
    g = generator()
    with torch.random.fork_rng(devices=[]):
        attention = MultiHeadAttention(10, 2, d_k=3)
    x, memory = torch.randn(3, 5, 10, generator=g), torch.randn(3, 7, 10, generator=g)
    mask = torch.rand(3, 1, 5, 7, generator=g) < 0.7
    k, v = attention.keys_values(memory)
    assert (k.shape, v.shape) == ((3, 2, 7, 3), (3, 2, 7, 5))
    torch.testing.assert_close(attention.attend(x, k, v, mask), attention(x, memory, mask), rtol=0, atol=0)
    with pytest.raises(ValueError, match="boolean mask, True where visible, got torch"):
        attention.attend(x, k, v, mask.float())
    with pytest.raises(ValueError, match="2 sentences of queries and 3 of keys"):
        attention.attend(x[:2], k, v, mask)


def test_a_model_in_half_precision():
    model = small().to(torch.bfloat16).eval()
    source, target = batch()
    with torch.no_grad():
        assert model(source, target).dtype == torch.bfloat16


def test_schedule_and_loss_refuse():
    for step, warmup in ((0, 4000), (1, 0)):
        with pytest.raises(ValueError, match=f"counts from 1, got step {step} and warmup {warmup}"):
            transformer_schedule(step, 512, warmup)
    logits, labels = torch.zeros(2, 3, 5), torch.tensor([[1, 2, 0], [3, 0, 0]])
    assert float(smoothed_cross_entropy(logits, labels)) == pytest.approx(1.6094, rel=1e-4)  # log 5
    with pytest.raises(ValueError, match=r"labels of shape \(2, 3\), got \(3, 2\)"):  # torch would pair them up by row
        smoothed_cross_entropy(logits, labels.T)


def test_what_is_refused():
    source, target = batch()
    model = small()
    for heads in (3, 0, -2):
        with pytest.raises(ValueError, match=f"divisible by heads, got d_model 10 and {heads} heads"):
            small(heads=heads)
    with pytest.raises(ValueError, match=r"as many sentences, got \(3, 7\) and \(2, 5\)"):
        model(source, target[:2])
    with pytest.raises(ValueError, match="positions for 23 tokens, got a sentence of 24"):
        model(torch.full((3, 24), 3), target)
    for wrong in (-1, 17):
        with pytest.raises(ValueError, match="ids from 0 to 16"):
            model(torch.where(source == source[0, 0], wrong, source), target)
    for no_source, no_target in ((source[:, :0], target), (source, target[:, :0]), (source[:0], target[:0])):
        with pytest.raises(ValueError, match="no tokens, in an array of shape"):
            model(no_source, no_target)
    attention, x = model.encoder[0].attention, torch.zeros(2, 5, 10, dtype=torch.float64)
    with pytest.raises(ValueError, match="boolean mask, True where visible, got torch"):
        attention(x, x, torch.ones(5, 5, dtype=torch.float64))
    with pytest.raises(ValueError, match="2 sentences of queries and 1 of keys"):
        attention(x, x[:1], torch.ones(5, 5, dtype=torch.bool))


def test_the_table_keeps_its_digits_in_float64():
    """Built in float32 and then converted, the table has seven digits; the ladder builds it in float64."""
    from transformer_levels import default_dtype

    with default_dtype(torch.float64):
        model = Transformer(17, **SIZES, generator=generator())
    torch.testing.assert_close(model.positions, sinusoids(23, 10), rtol=0, atol=0)
    assert torch.get_default_dtype() == torch.float32
