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


MODEL = narrow(np.random.default_rng(36), encoder_layers=1, decoder_layers=2)
START = torch.ones(3, 1, dtype=torch.long)
FOUND = {}


def expected(model, begin, new_tokens):
    key = (id(model), tuple(begin.flatten().tolist()), new_tokens)
    if key not in FOUND:
        source, mask = sentences()
        options = {"num_beams": 1, "do_sample": False, "max_new_tokens": new_tokens}
        FOUND[key] = model.generate(source, attention_mask=mask, decoder_input_ids=begin, **options)
    return FOUND[key]


def compare(t, model, begin, new_tokens, what):
    source, mask = sentences()
    got = t.call("greedy_with_cache", model, source, mask, begin, new_tokens)
    t.equal(got, expected(model, begin, new_tokens), what=what)


def check_greedy(t):
    """It gives what generate gives"""
    compare(t, MODEL, START, 5, "the answers")
    source, mask = sentences()
    got = t.call("greedy_with_cache", MODEL, source[:1], mask[:1], START[:1], 5)
    right = expected(MODEL, START, 5)[:1, : got.shape[1]]
    t.equal(got, right, what="the answer to the first sentence alone")
    options = {"decoder_input_ids": START[:1], "max_new_tokens": 3, "num_beams": 1, "do_sample": False}
    right = MODEL.generate(source[:1, :1], attention_mask=mask[:1, :1], **options)
    got = t.call("greedy_with_cache", MODEL, source[:1, :1], mask[:1, :1], START[:1], 3)
    t.equal(got, right, what="the answer to a single word")


def check_begin(t):
    """Also with answers whose beginning is given"""
    compare(t, MODEL, torch.tensor([[1, 5, 3], [1, 7, 19], [1, 19, 4]]), 4, "the continuations")


def check_length(t):
    """It stops after so many words"""
    compare(t, MODEL, START, 1, "the answers of one word")
    source, mask = sentences()
    t.equal(
        t.call("greedy_with_cache", MODEL, source, mask, START, 0), START, what="the answers with no new word allowed"
    )


def check_ids(t):
    """The ids for end and padding are those of generation_config"""
    source, mask = sentences()
    answers = expected(MODEL, START, 5)
    settings = MODEL.generation_config
    before = settings.eos_token_id, settings.pad_token_id
    settings.eos_token_id, settings.pad_token_id = int(answers[1, 1]), 21  # the second sentence is over at once
    try:
        right = MODEL.generate(
            source, attention_mask=mask, decoder_input_ids=START, max_new_tokens=4, num_beams=1, do_sample=False
        )
        t.equal(t.call("greedy_with_cache", MODEL, source, mask, START, 4), right, what="the answers with other ids")
    finally:
        settings.eos_token_id, settings.pad_token_id = before


def check_work(t):
    """Every position goes through the model once"""
    model = MODEL
    source, mask = sentences()
    lengths, encoded = [], []
    handles = [
        model.model.decoder.register_forward_pre_hook(
            lambda _m, _a, kwargs: lengths.append(kwargs["input_ids"].shape[1]), with_kwargs=True
        ),
        model.model.encoder.register_forward_hook(lambda *_: encoded.append(1)),
    ]
    begin = torch.tensor([[1, 5], [1, 7], [1, 19]])
    got = t.call("greedy_with_cache", model, source, mask, begin, 4)
    for handle in handles:
        handle.remove()
    steps = got.shape[1] - 2
    t.require(len(encoded) == 1, "the encoder must run once", expected="1", got=str(len(encoded)))
    wanted = [2] + [1] * (steps - 1)
    t.equal(np.array(lengths), np.array(wanted), what="the number of words that go through the decoder in each call")


def check_no_gradients(t):
    """Nothing is recorded for gradients"""
    model = MODEL
    source, mask = sentences()
    graphs = []
    handle = model.lm_head.register_forward_hook(lambda _m, _i, out: graphs.append(out.requires_grad))
    t.call("greedy_with_cache", model, source, mask, START, 2)
    handle.remove()
    t.require(not any(graphs), "the passes are recorded for gradients")
