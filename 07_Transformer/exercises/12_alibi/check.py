from types import SimpleNamespace

import torch
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface, MarianConfig, MarianMTModel


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


def target():
    return torch.tensor([[1, 4, 5, 6], [1, 7, 8, 9], [1, 14, 3, 3]])


def alibi(t, model):
    """The learner's use_alibi, on a clean slate: nothing of an earlier answer is registered."""
    for interface in (AttentionInterface, AttentionMaskInterface):
        interface._global_mapping.pop("rungs_alibi", None)
    got = t.call("use_alibi", model)
    t.require(got is model, "use_alibi must return the model that it was given", got=type(got).__name__)
    return got


def tensors(rng, n, m, heads=3, width=4):
    return [torch.from_numpy(rng.normal(size=(2, heads, length, width))) for length in (n, m, m)]


def attention(q, k, v, price, mask, scale):
    scores = q @ k.transpose(2, 3) * scale - price
    return (scores if mask is None else scores + mask).softmax(dim=-1) @ v


def distances(n, m):
    return torch.tensor([[float(abs(m - n + i - j)) for j in range(m)] for i in range(n)], dtype=torch.float64)


def call(t, module, q, k, v, mask, **more):
    got = t.call("alibi_attention", module, q, k, v, mask, scaling=0.3, **more)
    t.require(isinstance(got, (tuple, list)) and len(got) == 2, "an attention function returns a pair", got=got)
    t.require(got[1] is None, "the second of the pair must be None: no weights", got=got[1])
    return got[0]


def check_slopes(t):
    """The slopes are a geometric series from 2^(-8/H) to 2^-8"""
    for heads in (2, 4, 8, 3):
        t.equal(
            t.call("alibi_slopes", heads), torch.tensor([2 ** (-8 * h / heads) for h in range(1, heads + 1)]), rtol=1e-6
        )


def check_self_attention(t):
    """Self-attention pays for distance"""
    slopes = torch.tensor([2 ** (-8 * h / 3) for h in (1, 2, 3)], dtype=torch.float64)[:, None, None]
    for n, m in ((5, 5), (2, 7), (1, 3)):
        q, k, v = tensors(t.rng, n, m)
        expected = attention(q, k, v, slopes * distances(n, m), None, 0.3).transpose(1, 2)
        encoder = SimpleNamespace(is_decoder=False, is_causal=False)
        t.equal(call(t, encoder, q, k, v, None), expected, rtol=1e-6, atol=1e-9, what=f"{n} queries, {m} keys")
    t.keeps_dtype("alibi_attention", encoder, q, k, v, None, scaling=0.3)
    q, k, v = tensors(t.rng, 3, 5, heads=1, width=1)
    expected = attention(q, k, v, 2**-8 * distances(3, 5), None, 0.3).transpose(1, 2)
    t.equal(call(t, encoder, q, k, v, None), expected, rtol=1e-6, atol=1e-9, what="one head of width 1")
    dropped = call(t, encoder, q, k, v, None, dropout=0.5)
    t.require(float((dropped - expected).abs().max()) > 1e-3, "a dropout of 0.5 changes nothing")


def check_mask(t):
    """The mask is added to the scores too"""
    slopes = torch.tensor([2 ** (-8 * h / 3) for h in (1, 2, 3)], dtype=torch.float64)[:, None, None]
    q, k, v = tensors(t.rng, 3, 5)
    mask = torch.from_numpy(t.rng.normal(size=(2, 1, 3, 5)))
    mask[..., 4] = torch.finfo(torch.float64).min
    expected = attention(q, k, v, slopes * distances(3, 5), mask, 0.3).transpose(1, 2)
    decoder = SimpleNamespace(is_decoder=True, is_causal=True)
    t.equal(call(t, decoder, q, k, v, mask, use_cache=True), expected, rtol=1e-6, atol=1e-9)


def check_cross_attention(t):
    """Cross-attention pays nothing"""
    q, k, v = tensors(t.rng, 3, 5)
    cross = SimpleNamespace(is_decoder=True, is_causal=False)
    t.equal(call(t, cross, q, k, v, None), attention(q, k, v, 0.0, None, 0.3).transpose(1, 2), rtol=1e-6, atol=1e-9)


def check_padding_and_future(t):
    """The model sees neither padding nor the future"""
    model = alibi(t, narrow(t.rng))
    source, mask = sentences()
    with torch.no_grad():
        whole = model(input_ids=source, attention_mask=mask, decoder_input_ids=target()).logits
        short = model(input_ids=source[1:2, :3], attention_mask=mask[1:2, :3], decoder_input_ids=target()[1:2]).logits
        t.equal(whole[1:2], short, rtol=1e-6, atol=1e-8, what="a sentence with its padding, and without")
        changed = target()
        changed[:, 3] = 20
        later = model(input_ids=source, attention_mask=mask, decoder_input_ids=changed).logits
    t.equal(later[:, :3], whole[:, :3], rtol=1e-9, atol=1e-11, what="the logits before a word that changed")


def check_positions(t):
    """Positions are told by distance alone"""
    model = alibi(t, narrow(t.rng))
    source, mask = sentences()
    with torch.no_grad():
        whole = model(input_ids=source, attention_mask=mask, decoder_input_ids=target()).logits
        moved = model(input_ids=F.pad(source, (3, 0)), attention_mask=F.pad(mask, (3, 0)), decoder_input_ids=target())
        swapped = model(input_ids=source[:, [1, 0, 2, 3, 4]], attention_mask=mask, decoder_input_ids=target())
    t.equal(
        moved.logits, whole, rtol=1e-6, atol=1e-8, what="the logits with the source moved three places to the right"
    )
    t.require(
        float((swapped.logits - whole).abs().max()) > 1e-3, "the order of the source's words does not matter any more"
    )


def check_cache(t):
    """With a cache it is the same"""
    model = alibi(t, narrow(t.rng))
    source, mask = sentences()
    options = {"attention_mask": mask, "num_beams": 1, "do_sample": False, "max_new_tokens": 9, "output_logits": True}
    found = []
    for use_cache in (True, False):
        out = model.generate(source, **options, use_cache=use_cache, return_dict_in_generate=True)
        found.append(torch.stack(out.logits))
    t.equal(found[0], found[1], rtol=1e-4, atol=1e-5, what="the logits of generate with and without a cache")
