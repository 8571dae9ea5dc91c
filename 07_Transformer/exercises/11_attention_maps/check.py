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


def inputs():
    source, mask = sentences()
    target = torch.tensor([[1, 4, 5, 6], [1, 7, 8, 9], [1, 14, 3, 3]])
    return {"input_ids": source, "attention_mask": mask, "decoder_input_ids": target}


def maps(t, model, given):
    """The learner's maps, with the shapes that they must have."""
    got = t.call("attention_maps", model, **given)
    names = ["cross", "decoder", "encoder"]
    t.require(isinstance(got, dict) and sorted(got) == names, "the result must be a dict", expected=str(names), got=got)
    for name, layers, shape in (("encoder", 2, (3, 4, 5, 5)), ("decoder", 3, (3, 4, 4, 4)), ("cross", 3, (3, 4, 4, 5))):
        shapes = [tuple(x.shape) for x in got[name] or ()]
        wanted = [shape] * layers
        t.require(shapes == wanted, f"{name}: one map for each layer", expected=str(wanted), got=str(shapes))
    return got


def check_distributions(t):
    """Every row is a distribution over what may be seen"""
    got = maps(t, narrow(t.rng), inputs())
    for name, layers in got.items():
        for weights in layers:
            t.equal(weights.sum(dim=-1), torch.ones(weights.shape[:-1]), what=f"the sums of the rows of {name}")
    t.equal(got["decoder"][2].triu(1), torch.zeros(3, 4, 4, 4), what="the decoder's weights on later positions")
    t.equal(got["cross"][1][1, :, :, 3:], torch.zeros(4, 4, 2), what="the weights on the source's padding")


def check_first_layer(t):
    """The encoder's first weights are those of its projections"""
    model, given = narrow(t.rng), inputs()
    encoder = model.model.encoder
    with torch.no_grad():
        x = encoder.embed_tokens(given["input_ids"]) * 24**0.5 + encoder.embed_positions.weight[:5]
        layer = encoder.layers[0].self_attn
        q, k = (p(x).unflatten(-1, (4, 6)).transpose(1, 2) for p in (layer.q_proj, layer.k_proj))
        scores = q @ k.transpose(2, 3) / 6**0.5
        expected = scores.masked_fill(given["attention_mask"][:, None, None] == 0, -torch.inf).softmax(dim=-1)
    t.equal(maps(t, model, given)["encoder"][0], expected, rtol=1e-6, atol=1e-9)


def check_mode(t):
    """A model in training mode gives the same maps, and stays in training mode"""
    model, given = narrow(t.rng, attention_dropout=0.5, dropout=0.5), inputs()
    expected = maps(t, model, given)["cross"][2]
    t.require(not model.training, "a model in evaluation mode is in training mode afterwards")
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        got = maps(t, model, given)["cross"][2]
    t.equal(got, expected, rtol=1e-9, what="the maps of a model in training mode")
    t.require(model.training and model.model.decoder.layers[1].training, "the model is not in training mode any more")


def check_implementation(t):
    """The implementation stays as it was, also after an error"""
    for before in ("sdpa", "eager"):
        model = narrow(t.rng)
        model.set_attn_implementation(before)
        maps(t, model, inputs())
        now = model.config._attn_implementation
        t.require(now == before, "the attention implementation has changed", expected=before, got=now)
        model.train()
        t.raises("attention_maps", model, decoder_input_ids=inputs()["decoder_input_ids"])
        now = model.config._attn_implementation
        t.require(now == before, "the implementation has changed after an error", expected=before, got=now)
        t.require(model.training, "the mode has changed after an error")


def check_no_gradients(t):
    """Nothing is recorded for gradients"""
    model = narrow(t.rng)
    got = maps(t, model, inputs())
    t.require(not got["encoder"][0].requires_grad, "the maps require gradients")
