import numpy as np
import torch
from transformers import MarianConfig, MarianMTModel


def narrow(rng, **settings):
    """A small float64 Marian with every parameter drawn from rng: words from 3 to 22, pad 0, bos 1, eos 2."""
    sizes = {"d_model": 24, "encoder_ffn_dim": 40, "decoder_ffn_dim": 40, "encoder_layers": 2, "decoder_layers": 3}
    heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "max_position_embeddings": 64}
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    other = {"scale_embedding": True, "tie_word_embeddings": False, "forced_eos_token_id": None}
    config = MarianConfig(vocab_size=23, decoder_vocab_size=23, **{**sizes, **heads, **ids, **other, **settings})
    model = MarianMTModel(config).double().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.requires_grad:
                drawn = torch.from_numpy(rng.normal(size=tuple(p.shape)))
                gain = 1.5 if "layers" not in name else 0.8
                p.copy_(gain * drawn * p.shape[1] ** -0.5 if p.ndim == 2 else 0.2 * drawn + ("norm.weight" in name))
        model.final_logits_bias[0, :3] = torch.tensor([-9.0, -9.0, 3.0])
    return model


def sentences():
    """Three source sentences with padding, and their mask."""
    source = torch.tensor([[5, 6, 7, 8, 2], [9, 10, 2, 0, 0], [11, 12, 13, 2, 0]])
    return source, (source != 0).long()


MODELS = [narrow(np.random.default_rng(seed), encoder_layers=1, decoder_layers=1) for seed in (11, 12)]
for model in MODELS:
    model.final_logits_bias[0, 2] = -1.0  # the shortest answer is not always the most probable one
MODELS[1].generation_config.update(do_sample=True)  # a checkpoint may say so
ANSWERS = [[3, 4], [3, 5, 6], [7], [8, 9, 10, 11], [8, 9]]


def allowed(t, processor, rows):
    """Which ids are allowed after each row."""
    ids, scores = torch.tensor(rows), torch.from_numpy(t.rng.normal(size=(len(rows), 23)))
    got = t.call(processor, ids, scores)
    t.require(tuple(got.shape) == tuple(scores.shape), "the scores have another shape", got=tuple(got.shape))
    kept = got > -1e30
    t.equal(got[kept], scores[kept], what="the scores of what is allowed")
    return [row.nonzero().flatten().tolist() for row in kept]


def check_allowed(t):
    """Only what can still become an answer is allowed"""
    processor = t.call("OneOf", ANSWERS, 2)
    for rows, expected in (
        ([[1]], [[3, 7, 8]]),
        ([[1, 3], [1, 7], [1, 8]], [[4, 5], [2], [9]]),
        ([[1, 3, 5], [1, 8, 9], [1, 3, 4]], [[6], [2, 10], [2]]),
        ([[1, 8, 9, 10], [1, 3, 5, 6]], [[11], [2]]),
    ):
        got = allowed(t, processor, rows)
        t.require(got == expected, f"what is allowed after {rows}", expected=str(expected), got=str(got))
    got = allowed(t, t.call("OneOf", ANSWERS, 22), [[1, 7], [1, 9]])
    t.require(got == [[22]] * 2, "what is allowed after an answer, with eos=22", expected="[22] twice", got=str(got))


def check_begin(t):
    """The answer begins behind what is given"""
    processor = t.call("OneOf", ANSWERS, 2, 3)
    got = allowed(t, processor, [[1, 20, 21], [1, 3, 4]])
    t.require(
        got == [[3, 7, 8]] * 2, "what is allowed behind three given ids", expected="[3, 7, 8] twice", got=str(got)
    )


def check_dead_ends(t):
    """Rows that are over, or of which nothing can come, may end"""
    processor = t.call("OneOf", ANSWERS, 2)
    got = allowed(t, processor, [[1, 7, 2], [1, 9, 9], [1, 2, 0]])
    t.require(got == [[2]] * 3, "what is allowed where nothing fits", expected="[2] three times", got=str(got))


def check_refused(t):
    """No answers at all are refused"""
    t.raises("OneOf", [], 2, says="answer")


def log_probabilities(model, source, mask, answer):
    """log P(answer, end) for each of the sentences."""
    with torch.no_grad():
        target = torch.tensor([[1, *answer]] * len(source))
        logits = model(input_ids=source, attention_mask=mask, decoder_input_ids=target).logits
    log_p = logits.log_softmax(dim=-1)
    return sum(log_p[:, i, token] for i, token in enumerate([*answer, 2]))


def check_choose(t):
    """The chosen answer is the most probable one"""
    source, mask = sentences()
    for number, model in enumerate(MODELS):
        got = t.call("choose", model, source, mask, ANSWERS, 8)
        t.require(isinstance(got, list) and len(got) == 3, "choose must return one answer for each source", got=got)
        best = torch.stack([log_probabilities(model, source, mask, a) for a in ANSWERS]).argmax(dim=0)
        for i, answer in enumerate(got):
            what = f"the answer of model {number} to sentence {i}"
            t.equal(np.array(answer, dtype=float), np.array(ANSWERS[int(best[i])], dtype=float), what=what)


def greedy(model, source, mask):
    """The answer that a single beam finds: at each step the most probable word that can still become an answer."""
    found = []
    while not found or found[-1] != 2:
        ways = {(*a, 2)[len(found)] for a in ANSWERS if a[: len(found)] == found}
        with torch.no_grad():
            target = torch.tensor([[1, *found]])
            logits = model(input_ids=source, attention_mask=mask, decoder_input_ids=target).logits[0, -1]
        found.append(max(ways, key=lambda word: float(logits[word])))
    return found[:-1]


def check_one_beam(t):
    """With a single beam, the most probable word is taken at each step"""
    source, mask = sentences()
    for model in MODELS:
        got = t.call("choose", model, source, mask, ANSWERS, 1)
        for i, answer in enumerate(got):
            expected = greedy(model, source[i : i + 1], mask[i : i + 1])
            t.equal(np.array(answer, dtype=float), np.array(expected, dtype=float), what=f"the answer to sentence {i}")


def check_long_answer(t):
    """A long answer to one word comes back whole"""
    long = [12] * 25
    got = t.call("choose", MODELS[0], torch.tensor([[5]]), torch.ones(1, 1, dtype=torch.long), [long], 2)
    t.equal(np.array(got, dtype=float), np.array([long], dtype=float), what="the only answer there is, of 25 words")
