import pytest
import torch
from decoding_paper import beam_search, greedy
from gru_paper import GruTranslator


def model(**options):
    generator = torch.Generator().manual_seed(0)
    return GruTranslator(23, embedding=7, hidden=10, generator=generator, **options).double().eval()


SOURCE = torch.tensor([[5, 9, 4, 17, 2], [6, 2, 0, 0, 0], [8, 11, 3, 2, 0]])
TARGET = torch.tensor([[1, 7, 5, 12, 9, 3, 4], [1, 4, 0, 0, 0, 0, 0], [1, 9, 9, 8, 0, 0, 0]])


def test_steps_give_what_the_whole_pass_gives():
    gru = model()
    cache = gru.start(SOURCE)
    steps = torch.stack([gru.step(tokens, cache) for tokens in TARGET.unbind(1)], dim=1)
    torch.testing.assert_close(steps, gru(SOURCE, TARGET), rtol=1e-12, atol=1e-12)


def cell(p, kind, x, h):
    """A gated recurrent unit (Cho et al. 2014, as torch has it)."""
    name, end = kind
    of_x = (p[f"{name}.weight_ih{end}"] @ x + p[f"{name}.bias_ih{end}"]).chunk(3)
    of_h = (p[f"{name}.weight_hh{end}"] @ h + p[f"{name}.bias_hh{end}"]).chunk(3)
    reset, update = torch.sigmoid(of_x[0] + of_h[0]), torch.sigmoid(of_x[1] + of_h[1])
    return (1 - update) * torch.tanh(of_x[2] + reset * of_h[2]) + update * h


@torch.no_grad()
def test_one_sentence_by_the_equations():
    gru = model()
    for parameter in gru.parameters():
        parameter += 0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3))
    p = gru.state_dict()
    E = p["embedding.weight"]
    right, left = torch.zeros(5).double(), torch.zeros(5).double()
    rights, lefts = [], []
    for first, last in zip(SOURCE[0], SOURCE[0].flip(0), strict=True):
        rights.append(right := cell(p, ("encoder", "_l0"), E[first], right))
        lefts.append(left := cell(p, ("encoder", "_l0_reverse"), E[last], left))
    states = torch.stack([torch.cat(pair) for pair in zip(rights, reversed(lefts), strict=True)])  # (S, H)
    state = torch.tanh(p["bridge.weight"] @ torch.cat([right, left]) + p["bridge.bias"])
    logits = []
    for token in TARGET[0]:
        keys = [
            torch.tanh(p["attention.query.weight"] @ state + p["attention.key.weight"] @ h + p["attention.key.bias"])
            for h in states
        ]
        weights = torch.stack([p["attention.score.weight"][0] @ key for key in keys]).softmax(dim=0)
        context = weights @ states
        state = cell(p, ("decoder", ""), torch.cat([E[token], context]), state)
        seen = torch.cat([E[token], context, state])
        logits.append(E @ torch.tanh(p["out.weight"] @ seen + p["out.bias"]))
    torch.testing.assert_close(gru(SOURCE[:1], TARGET[:1])[0], torch.stack(logits), rtol=1e-10, atol=1e-12)


def test_dropout_is_on_both_embeddings_and_before_the_output_layer():
    gru = model(dropout=0.4).train()
    calls: list[tuple[int, ...]] = []
    gru.dropout.register_forward_hook(lambda _module, inputs, _output: calls.append(tuple(inputs[0].shape)))
    gru(SOURCE, TARGET)
    assert calls == [(3, 5, 7), (3, 7, 7), (3, 7, 7)]


def test_padding_of_the_source_changes_nothing():
    gru = model()
    longer = torch.cat([SOURCE, torch.zeros(3, 4, dtype=torch.long)], dim=1)
    torch.testing.assert_close(gru(longer, TARGET), gru(SOURCE, TARGET), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gru(SOURCE[1:2, :2], TARGET[1:2]), gru(SOURCE, TARGET)[1:2], rtol=1e-12, atol=1e-12)


def test_attention_is_a_mean_over_real_tokens():
    gru = model()
    cache = gru.start(SOURCE)
    weights = gru.attention.weights(cache.state, cache.keys, cache.mask)
    torch.testing.assert_close(weights.sum(1), torch.ones(3).double())
    assert torch.all(weights[~cache.mask] == 0)
    assert torch.all(weights[cache.mask] > 0)


def test_an_empty_source_is_finite_forward_and_backward():
    gru = model()
    logits = gru(torch.zeros(2, 3, dtype=torch.long), TARGET[:2])
    logits.square().sum().backward()
    assert torch.isfinite(logits).all()
    for name, p in gru.named_parameters():
        assert p.grad is not None and torch.isfinite(p.grad).all(), name


def test_initialisation():
    """N(0, 1/E) for the embedding, as the Transformer's; biases 0."""
    gru = GruTranslator(500, embedding=64, hidden=10, generator=torch.Generator().manual_seed(0))
    assert gru.embedding.weight.std().item() == pytest.approx(1 / 8, rel=0.02)
    assert not any(p.any() for p in gru.parameters() if p.ndim == 1)


def test_every_parameter_is_trained_and_dropout_has_its_own_generator():
    gru = model(dropout=0.4)
    gru(SOURCE, TARGET).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in gru.parameters())
    gru.train()
    state = torch.random.get_rng_state()
    generator = gru.dropout.generator
    assert generator is not None
    before = generator.get_state()
    first, second = gru(SOURCE, TARGET), gru(SOURCE, TARGET)
    generator.set_state(before)
    assert not torch.equal(first, second)
    assert torch.equal(first, gru(SOURCE, TARGET))
    assert torch.equal(state, torch.random.get_rng_state())


def test_it_decodes_like_the_transformer():
    gru = model()
    rows = greedy(gru, SOURCE, 6)
    beams = beam_search(gru, SOURCE, beam=3, max_length=6)
    assert len(rows) == len(beams) == 3
    assert all(len(row) <= 6 for row in [*rows, *beams])
    assert rows[0][0] == int(gru(SOURCE, TARGET[:, :1])[0, 0].argmax())
    cache = gru.start(SOURCE)
    cache.reorder(torch.tensor([2, 0, 0]))
    again = gru.start(SOURCE[[2, 0, 0]])
    torch.testing.assert_close(gru.step(TARGET[:, 0], cache), gru.step(TARGET[:, 0], again))


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="even"):
        GruTranslator(23, hidden=5)
    with pytest.raises(ValueError, match=r"\(3, 5\) and \(2, 7\)"):
        model()(SOURCE, TARGET[:2])
    for wrong in (-1, 23):
        with pytest.raises(ValueError, match="token ids from 0 to 22"):
            model()(SOURCE, TARGET.where(TARGET != 7, wrong))
    for no_source, no_target in ((SOURCE[:, :0], TARGET), (SOURCE, TARGET[:, :0])):
        with pytest.raises(ValueError, match=r"GruTranslator got no tokens, in an array of shape \(3, 0\)"):
            model()(no_source, no_target)
