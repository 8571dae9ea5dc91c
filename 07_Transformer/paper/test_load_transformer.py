from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from load_transformer import (
    MarianNames,
    feature_axis,
    load_marian,
    load_module,
    marian_order,
    permute_features,
    torch_names,
)
from transformer_levels import default_dtype, translation_batch
from transformer_paper import Transformer

from utils.checkpoints import CheckpointError
from utils.ladder import load_ladders

CONFIG: dict[str, Any] = {
    "vocab_size": 17,
    "d_model": 10,
    **{f"{side}_{key}": n for side in ("encoder", "decoder") for key, n in (("layers", 2), ("attention_heads", 2))},
    "encoder_ffn_dim": 13,
    "decoder_ffn_dim": 13,
    "activation_function": "relu",
    "scale_embedding": True,
    "max_position_embeddings": 23,
    "pad_token_id": 16,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}


def saved(folder: Path, **changes: Any) -> Any:
    """A Marian model with random weights, saved as the library saves it."""
    transformers: Any = importlib.import_module("transformers")
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        model = transformers.MarianMTModel(transformers.MarianConfig(**CONFIG | changes)).eval()
        for p in model.parameters():
            if p.requires_grad:
                p.data += torch.randn_like(p) * 0.3
    model.save_pretrained(folder)
    return model


def test_a_checkpoint_at_every_level(tmp_path):
    """The library's own model, its own order of features, its own table of positions: the same logits at every level."""
    theirs = saved(tmp_path)
    params, options = load_marian(tmp_path)
    assert options["pad"] == 16 and options["heads"] == 2 and options["max_length"] == 23
    source, target = torch.tensor([[3, 4, 5, 6, 7], [8, 9, 10, 16, 16]]), torch.tensor([[1, 4, 5], [1, 6, 7]])
    with torch.no_grad():
        want = theirs(source, (source != 16).long(), decoder_input_ids=target).logits.numpy()
        ours = load_module(params, Transformer(**options)).eval()(source, target).numpy()
    np.testing.assert_allclose(ours, want, rtol=1e-4, atol=1e-5)
    net = importlib.import_module("transformer_numpy").Transformer(
        **options, rng=np.random.default_rng(0), dtype=np.float32
    )
    net.load(params)
    np.testing.assert_allclose(net.forward(source.numpy(), target.numpy()), want, rtol=1e-4, atol=1e-5)
    low = importlib.import_module("transformer_lowlevel").transformer
    tensors = {name: torch.tensor(p) for name, p in params.items()}
    np.testing.assert_allclose(low(tensors, source, target, 2, pad=16)[0], want, rtol=1e-4, atol=1e-5)


def test_the_order_of_features_does_not_matter():
    """But for the table of positions, which is permuted with them."""
    rng = np.random.default_rng(0)
    params, order = load_ladders("07")["transformer"].random_params(rng), rng.permutation(10)
    with default_dtype(torch.float64):
        model = Transformer(17, layers=2, d_model=10, heads=2, d_ff=13, max_length=23).eval()
    source, target = torch.tensor(rng.integers(3, 17, (2, 5))), torch.tensor(rng.integers(3, 17, (2, 3)))
    with torch.no_grad():
        want = load_module(params, model)(source, target)
        model.positions = model.positions[:, order.tolist()]
        got = load_module(permute_features(params, order), model)(source, target)
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


def test_names():
    assert marian_order(6).tolist() == [0, 2, 4, 1, 3, 5]
    ours = torch_names(2).ours_in("encoder.layers.1.self_attn.in_proj_bias")
    assert ours == tuple(f"encoder.1.attention.{part}.bias" for part in "qkv")
    assert torch_names(2).ours_in("decoder.layers.0.multihead_attn.out_proj.weight") == (
        "decoder.0.cross_attention.out.weight",
    )
    axes = {
        name: feature_axis(f"encoder.0.{name}") for name in ("attention.q.weight", "attention.q.bias", "norm1.bias")
    }
    assert axes == {"attention.q.weight": 1, "attention.q.bias": None, "norm1.bias": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation_function": "swish"}, "activation_function is 'swish', not 'relu'"),
        ({"scale_embedding": False}, "scale_embedding is False"),
        ({"decoder_layers": 1}, "decoder_layers is 1, not 2"),
        ({"decoder_attention_heads": 1}, "decoder_attention_heads is 1, not 2"),
        ({"decoder_ffn_dim": 7}, "decoder_ffn_dim is 7, not 13"),
        ({"share_encoder_decoder_embeddings": False}, "share_encoder_decoder_embeddings is False"),
    ],
)
def test_other_networks_are_refused(tmp_path, change, message):
    saved(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | change
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=message):
        load_marian(tmp_path)


def test_a_bias_on_the_logits_is_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    state["final_logits_bias"] = torch.arange(17.0)[None]
    save_file(state, file)
    with pytest.raises(CheckpointError, match="final_logits_bias is not the constant"):
        load_marian(tmp_path)


def test_other_weights_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    lost = state.pop("model.encoder.layers.0.fc1.weight")
    save_file(state, file)
    with pytest.raises(CheckpointError, match=r"missing model\.encoder\.layers\.0\.fc1\.weight, not used none"):
        load_marian(tmp_path)
    save_file({**state, "model.encoder.layers.0.fc1.weight": lost.T.contiguous()}, file)
    with pytest.raises(CheckpointError, match=r"linear1\.weight has shape \(10, 13\) there, expected \(13, 10\)"):
        load_marian(tmp_path)
    own = state["model.shared.weight"] + 1.0
    save_file({**state, "model.encoder.layers.0.fc1.weight": lost, "lm_head.weight": own}, file)
    with pytest.raises(CheckpointError, match=r"lm_head\.weight is a parameter of its own"):
        load_marian(tmp_path)
    save_file({**state, "model.encoder.layers.0.fc1.weight": lost, "odd": torch.zeros(2)}, file)
    with pytest.raises(CheckpointError, match="not used odd"):
        load_marian(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load_marian(tmp_path)


def test_a_file_in_half_precision_is_read(tmp_path):
    """Its tables of positions are rounded, and ours are not taken from it."""
    theirs = saved(tmp_path).half()
    theirs.save_pretrained(tmp_path)
    params, _ = load_marian(tmp_path)
    want = theirs.model.shared.weight.float().detach().numpy()[:, np.argsort(marian_order(10))]
    np.testing.assert_array_equal(params["embedding.weight"], want)


def test_saved_under_its_names_the_library_gives_the_same_logits(tmp_path):
    theirs = saved(tmp_path)
    params, options = load_marian(tmp_path)
    names = MarianNames(*(options[name] for name in ("vocabulary", "layers", "d_model", "max_length")))
    state = {name: torch.tensor(array) for name, array in names.to_theirs(params).items()}
    want = theirs.state_dict()
    assert state.keys() == want.keys()
    for name, value in want.items():
        torch.testing.assert_close(state[name], value, rtol=1e-6, atol=1e-6)


def test_a_query_that_sees_nothing():
    """The middle sentence has no source. Marian agrees with torch's kernels, and differs when it is written out."""
    ladder, rng = load_ladders("07")["transformer"], np.random.default_rng(0)
    params, batch = ladder.random_params(rng), translation_batch(rng, (7, 0, 5), (6, 9, 7), 17)
    want = ladder.levels["paper"].run(params, batch, training=False).outputs["logits"]
    marian: Any = ladder.references["transformers Marian"]
    model, given = marian.model(params).eval(), {name: torch.tensor(value) for name, value in batch.items()}
    for kind, equal in (("sdpa", [True, True, True]), ("eager", [True, False, True])):
        model.set_attn_implementation(kind)
        with torch.no_grad():
            got = marian.forward(model, given, False)["logits"].numpy()
        assert [np.allclose(a, b, rtol=1e-9, atol=1e-11) for a, b in zip(got, want, strict=True)] == equal
