"""The modifications do what they say, on real Marian models: narrow ones in float64, so that each test takes a moment."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.nn import functional as F
from transformer_production import (
    OneOf,
    alibi_attention,
    alibi_slopes,
    attention_maps,
    choose,
    greedy_with_cache,
    small_marian,
    use_alibi,
)

from utils.chapters import ROOT

SOURCE = torch.tensor([[5, 6, 7, 8, 2], [9, 10, 2, 0, 0], [11, 12, 13, 2, 0]])
MASK = (SOURCE != 0).long()
TARGET = torch.tensor([[1, 4, 5, 6], [1, 7, 8, 0], [1, 14, 0, 0]])
BEGIN = torch.ones(3, 1, dtype=torch.long)


@pytest.fixture
def model():
    return small_marian()


# ---- attention maps ----


def inputs() -> dict[str, torch.Tensor]:
    return {"input_ids": SOURCE, "attention_mask": MASK, "decoder_input_ids": TARGET}


def test_maps_are_distributions_over_what_may_be_seen(model):
    maps = attention_maps(model, **inputs())
    assert {name: [tuple(m.shape) for m in layers] for name, layers in maps.items()} == {
        "encoder": [(3, 4, 5, 5)] * 2,
        "decoder": [(3, 4, 4, 4)] * 3,
        "cross": [(3, 4, 4, 5)] * 3,
    }
    for layers in maps.values():
        for weights in layers:
            torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights[..., 0]))
            assert not weights.requires_grad
    assert not maps["decoder"][0].triu(1).any()
    assert not maps["encoder"][1][1, :, :, 3:].any() and not maps["cross"][2][1, :, :, 3:].any()


def test_maps_times_values_are_what_the_fused_kernel_computes(model):
    kept = {}
    layer = model.model.encoder.layers[0].self_attn
    handles = [
        layer.v_proj.register_forward_hook(lambda _m, _i, out: kept.update(v=out)),
        layer.out_proj.register_forward_hook(lambda _m, args, _o: kept.update(mixed=args[0])),
    ]
    with torch.no_grad():
        model(**inputs())
    for handle in handles:
        handle.remove()
    weights = attention_maps(model, **inputs())["encoder"][0]
    values = kept["v"].unflatten(-1, (4, 6)).transpose(1, 2)
    torch.testing.assert_close((weights @ values).transpose(1, 2).flatten(2), kept["mixed"])


def test_the_model_is_left_as_it_was(model):
    model.train()
    attention_maps(model, **inputs())
    assert model.config._attn_implementation == "sdpa" and model.training
    with pytest.raises(ValueError):
        attention_maps(model, decoder_input_ids=TARGET)
    assert model.config._attn_implementation == "sdpa" and model.training
    assert all(p.grad is None for p in model.parameters())


# ---- ALiBi ----


def by_hand(q, k, v, allowed, slopes, scale):
    """Attention with a price on distance, one score at a time."""
    batch, heads, n, _ = q.shape
    m = k.shape[2]
    out = torch.zeros(batch, n, heads, v.shape[3], dtype=q.dtype)
    for b in range(batch):
        for h in range(heads):
            for i in range(n):
                at = m - n + i
                seen = [j for j in range(m) if allowed(b, at, j)]
                scores = torch.stack([q[b, h, i] @ k[b, h, j] * scale - slopes[h] * abs(at - j) for j in seen])
                out[b, i, h] = torch.softmax(scores, dim=0) @ v[b, h, seen]
    return out


@pytest.mark.parametrize("n", [5, 2, 1])
def test_alibi_by_hand(n):
    g = torch.Generator().manual_seed(0)
    q = torch.randn(2, 3, n, 4, generator=g, dtype=torch.float64)
    k, v = (torch.randn(2, 3, 5, 4, generator=g, dtype=torch.float64) for _ in range(2))
    module = SimpleNamespace(is_decoder=True, is_causal=True)
    later = torch.arange(5) > torch.arange(5 - n, 5)[:, None]
    mask = torch.zeros(2, 1, n, 5, dtype=torch.float64).masked_fill(later, torch.finfo(torch.float64).min)
    slopes = [2 ** (-8 / 3), 2 ** (-16 / 3), 2**-8]
    torch.testing.assert_close(alibi_slopes(3).double(), torch.tensor(slopes, dtype=torch.float64), rtol=1e-6, atol=0)
    out, weights = alibi_attention(module, q, k, v, mask, scaling=0.3)  # pyright: ignore[reportArgumentType]
    assert weights is None
    expected = by_hand(q, k, v, lambda b, i, j: j <= i, alibi_slopes(3).double(), 0.3)
    torch.testing.assert_close(out, expected)
    module.is_causal = False
    crossing = F.scaled_dot_product_attention(q, k, v, scale=0.3).transpose(1, 2)
    torch.testing.assert_close(alibi_attention(module, q, k, v, None, scaling=0.3)[0], crossing)  # pyright: ignore


def test_with_alibi_distance_is_all_that_counts(model):
    use_alibi(model)
    with torch.no_grad():
        whole = model(**inputs()).logits
        shifted = {
            "input_ids": F.pad(SOURCE, (2, 0)),
            "attention_mask": F.pad(MASK, (2, 0)),
            "decoder_input_ids": F.pad(TARGET, (1, 0), value=3),
            "decoder_attention_mask": F.pad(torch.ones_like(TARGET), (1, 0)),
        }
        torch.testing.assert_close(model(**shifted).logits[:, 1:], whole)
        changed = TARGET.clone()
        changed[:, 3] = 9
        later = model(**{**inputs(), "decoder_input_ids": changed}).logits
        torch.testing.assert_close(later[:, :3], whole[:, :3], rtol=0, atol=0)  # no look at the future
        swapped = model(**{**inputs(), "input_ids": SOURCE[:, [1, 0, 2, 3, 4]]}).logits
        assert (swapped - whole).abs().max() > 1e-3  # nor are positions gone altogether


def test_a_function_without_a_mask_of_its_own_is_given_none(model):
    """What `use_alibi` must not forget: the padding counts, and the future is seen."""
    from transformers import AttentionInterface

    seen = []

    def spy(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **kwargs):
        seen.append(attention_mask)
        return F.scaled_dot_product_attention(query, key, value, attention_mask, scale=scaling).transpose(1, 2), None

    AttentionInterface.register("rungs_spy", spy)
    with torch.no_grad():
        right = model(**inputs()).logits
        model.set_attn_implementation("rungs_spy")
        wrong = model(**inputs()).logits
    assert seen == [None] * 8
    assert (wrong - right).abs().max() > 1e-3


# ---- decoding ----


def test_the_hand_made_loop_gives_what_generate_gives(model):
    for build in (lambda: model, lambda: use_alibi(model)):
        made: Any = build()
        expected = made.generate(SOURCE, attention_mask=MASK, num_beams=1, do_sample=False, max_new_tokens=9)
        got = greedy_with_cache(made, SOURCE, MASK, BEGIN, 9)
        assert got.tolist() == expected.tolist()
        assert 2 in got[0] and 2 not in got[2]  # one ends before the others
        begin = torch.tensor([[1, 5], [1, 7], [1, 19]])
        expected = made.generate(
            SOURCE, attention_mask=MASK, decoder_input_ids=begin, num_beams=1, do_sample=False, max_new_tokens=6
        )
        assert greedy_with_cache(made, SOURCE, MASK, begin, 6).tolist() == expected.tolist()


def test_every_position_goes_through_the_model_once(model):
    lengths, encoded = [], []
    model.model.decoder.register_forward_pre_hook(
        lambda _m, _a, kwargs: lengths.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    model.model.encoder.register_forward_hook(lambda *_: encoded.append(1))
    greedy_with_cache(model, SOURCE, MASK, torch.tensor([[1, 5]] * 3), 6)
    assert lengths == [2, 1, 1, 1, 1, 1] and len(encoded) == 1


# ---- one of a list ----

ANSWERS = [[3, 4], [3, 5, 6], [7], [8, 9, 10, 11], [8, 9]]


def teacher_forced(model, source, mask, answer):
    """log P(answer, end | source)."""
    target = torch.tensor([[1, *answer]])
    with torch.no_grad():
        logits = model(input_ids=source, attention_mask=mask, decoder_input_ids=target).logits
    log_p = logits.log_softmax(dim=-1)[0]
    return sum(log_p[i, token].item() for i, token in enumerate([*answer, 2]))


@pytest.mark.parametrize("seed", range(4))
def test_the_chosen_answer_is_the_most_probable(seed):
    model = small_marian(seed=seed)
    got = choose(model, SOURCE, MASK, ANSWERS, beams=8)
    for i, answer in enumerate(got):
        rows = [teacher_forced(model, SOURCE[i : i + 1], MASK[i : i + 1], a) for a in ANSWERS]
        assert answer == ANSWERS[rows.index(max(rows))]


def test_one_of_allows_what_can_still_become_an_answer():
    processor = OneOf(ANSWERS, eos=2)
    scores = torch.zeros(5, 23)
    ids = torch.tensor([[1, 3, 5], [1, 8, 9], [1, 7, 2], [1, 3, 4], [1, 9, 9]])
    allowed = [row.isfinite().nonzero().flatten().tolist() for row in processor(ids, scores)]
    assert allowed == [[6], [2, 10], [2], [2], [2]]
    assert processor(ids[:, :1], scores)[0].isfinite().nonzero().flatten().tolist() == [3, 7, 8]
    assert not scores.any()
    with pytest.raises(ValueError, match="at least one answer"):
        OneOf([], eos=2)


# ---- the record ----


def test_the_record_of_the_kernels_is_whole():
    path = ROOT / "07_Transformer/production/results/kernels.json"
    if not path.exists():
        pytest.skip("not measured")
    record = json.loads(path.read_text(encoding="utf-8"))
    import transformer_kernels

    page = (ROOT / "07_Transformer/production/kernels.md").read_text(encoding="utf-8")
    assert transformer_kernels.table(record) in page
