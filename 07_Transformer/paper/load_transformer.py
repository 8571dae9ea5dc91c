"""Names of our parameters in `torch.nn.Transformer` and in transformers' Marian, and Marian checkpoints for every level.

    params, options = load_marian("folder-with-config.json-and-model.safetensors")
    model = load_module(params, Transformer(**options))

Marian computes the same function with two differences in layout. Its table of positions has all sines first and then all
cosines, where the paper alternates them; so its d_model features are ours in another order, and `permute_features` turns
one into the other. And it adds `final_logits_bias` to the logits, which must be zero here: the paper has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from utils.checkpoints import CheckpointError, find_file, listed, read_safetensors
from utils.ladder import Params

# --8<-- [start:name_table]
MARIAN_PARTS = {
    "attention": "self_attn",
    "self_attention": "self_attn",
    "cross_attention": "encoder_attn",
    "feed_forward.linear1": "fc1",
    "feed_forward.linear2": "fc2",
}
MARIAN_NORMS = {
    "encoder": {"norm1": "self_attn_layer_norm", "norm2": "final_layer_norm"},
    "decoder": {"norm1": "self_attn_layer_norm", "norm2": "encoder_attn_layer_norm", "norm3": "final_layer_norm"},
}


def marian_name(name: str) -> str:
    """decoder.0.cross_attention.q.weight -> model.decoder.layers.0.encoder_attn.q_proj.weight"""
    if name == "embedding.weight":
        return "model.shared.weight"
    stack, number, *parts, kind = name.split(".")
    place = f"model.{stack}.layers.{number}"
    if parts[0] in MARIAN_NORMS[stack]:
        return f"{place}.{MARIAN_NORMS[stack][parts[0]]}.{kind}"
    if parts[0] == "feed_forward":
        return f"{place}.{MARIAN_PARTS['.'.join(parts)]}.{kind}"
    return f"{place}.{MARIAN_PARTS[parts[0]]}.{parts[1]}_proj.{kind}"


TORCH_PARTS = {"attention": "self_attn", "self_attention": "self_attn", "cross_attention": "multihead_attn"}


def torch_name(name: str) -> str:
    """decoder.0.cross_attention.q.weight -> decoder.layers.0.multihead_attn.in_proj_weight, which holds q, k and v."""
    if name == "embedding.weight":
        return name
    stack, number, *rest = name.split(".")
    return f"{stack}.layers.{number}.{torch_layer_name('.'.join(rest))}"


def torch_layer_name(name: str) -> str:
    """The same within one layer: feed_forward.linear1.bias -> linear1.bias"""
    *parts, kind = name.split(".")
    if parts[0] == "feed_forward" or len(parts) == 1:
        return f"{parts[-1]}.{kind}"
    attention = TORCH_PARTS[parts[0]]
    return f"{attention}.out_proj.{kind}" if parts[1] == "out" else f"{attention}.in_proj_{kind}"


# --8<-- [end:name_table]


# --8<-- [start:permute]
def feature_axis(name: str) -> int | None:
    """The axis of a parameter that runs over the d_model features of the residual stream; None where there is none."""
    *_, part, kind = name.split(".")
    if part in ("embedding", "q", "k", "v", "linear1"):
        return 1 if kind == "weight" else None  # they read the stream
    return 0  # out, linear2 and the norms write it


def marian_order(d_model: int) -> np.ndarray:
    """Which of our features stands at each place of Marian's: 0, 2, 4, ..., 1, 3, 5, ..."""
    return np.concatenate([np.arange(0, d_model, 2), np.arange(1, d_model, 2)])


def permute_features(params: Params, order: np.ndarray) -> Params:
    """The same function with the features in another order: nothing in the model depends on their order but the table of
    positions, since attention and feed-forward read all of them, and normalisation averages over them."""
    axes = {name: feature_axis(name) for name in params}
    return {n: p if (axis := axes[n]) is None else np.take(p, order, axis=axis) for n, p in params.items()}


# --8<-- [end:permute]

COPIES = ("lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight")
POSITIONS = ("model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight")
BIAS = "final_logits_bias"


def marian_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of our `Transformer` for a Marian configuration.

    Raises:
        CheckpointError: the configuration is of a network that ours is not.
    """
    wanted = {"activation_function": "relu", "scale_embedding": True, "share_encoder_decoder_embeddings": True}
    wanted |= {f"decoder_{key}": config[f"encoder_{key}"] for key in ("layers", "attention_heads", "ffn_dim")}
    wrong = [
        f"{key} is {config.get(key)!r}, not {value!r}" for key, value in wanted.items() if config.get(key) != value
    ]
    if wrong:
        raise CheckpointError(f"this Marian model is not the paper's Transformer: {'; '.join(wrong)}")
    return {
        "vocabulary": config["vocab_size"],
        "layers": config["encoder_layers"],
        "d_model": config["d_model"],
        "heads": config["encoder_attention_heads"],
        "d_ff": config["encoder_ffn_dim"],
        "pad": config["pad_token_id"],
    }


def load_marian(path_or_hub_name: str | Path) -> tuple[Params, dict[str, Any]]:
    """Parameters under our names in our order of features, and the arguments of our `Transformer`.

    Args:
        path_or_hub_name: a folder with config.json and model.safetensors, or a name on the hub as "owner/model".

    Raises:
        CheckpointError: it cannot be read, is of another network, lacks names, has names that are not used, or has a
            bias on the logits.
    """
    file = find_file(path_or_hub_name)
    config = file.with_name("config.json")
    if not config.is_file():
        if Path(path_or_hub_name).expanduser().exists():
            raise CheckpointError(f"{config} is missing: it says how many heads the model has")
        from huggingface_hub import hf_hub_download

        config = Path(hf_hub_download(str(path_or_hub_name), "config.json"))
    options = marian_options(json.loads(config.read_text(encoding="utf-8")))
    return from_marian(read_safetensors(file), options), options


def from_marian(theirs: Mapping[str, np.ndarray], options: Mapping[str, Any]) -> Params:
    """A Marian state as our parameters: every name of ours must be there, every name of theirs be used."""
    import torch
    from transformer_paper import Transformer

    with torch.device("meta"):
        shapes = {name: tuple(p.shape) for name, p in Transformer(**options).named_parameters()}
    table = {name: marian_name(name) for name in shapes}
    missing = [name for name in table.values() if name not in theirs]
    unused = sorted(theirs.keys() - {*table.values(), *COPIES, *POSITIONS, BIAS})
    if missing or unused:
        raise CheckpointError(f"no whole Marian model: missing {listed(missing)}, not used {listed(unused)}")
    params = {ours: np.array(theirs[name]) for ours, name in table.items()}
    if wrong := [f"{table[n]} {p.shape}, expected {shapes[n]}" for n, p in params.items() if p.shape != shapes[n]]:
        raise CheckpointError(f"the file does not fit its configuration: {listed(wrong)}")
    for name in COPIES:
        if name in theirs and not np.array_equal(theirs[name], params["embedding.weight"]):
            raise CheckpointError(f"{name} is a matrix of its own; here source, target and output share one")
    if BIAS in theirs and np.any(theirs[BIAS]):
        raise CheckpointError(f"{BIAS} is not zero; the paper's output layer has no bias, so this model is another")
    return permute_features(params, np.argsort(marian_order(options["d_model"])))


def load_module(params: Params, model: Any) -> Any:
    """Copy parameters into a module of the paper level, in the module's own dtype."""
    import torch

    model.load_state_dict({name: torch.tensor(value) for name, value in params.items()}, strict=True)
    return model
