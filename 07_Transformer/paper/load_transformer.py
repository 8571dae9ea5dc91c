"""Names of our parameters in `torch.nn.Transformer` and in transformers' Marian, and Marian checkpoints for every level.

    params, options = load_marian("folder-with-config.json-and-model.safetensors")
    model = load_module(params, Transformer(**options))

Marian computes the same function with two differences in layout. Its table of positions has all sines first and then all
cosines, where the paper alternates them; so its d_model features are ours in another order. And it adds
`final_logits_bias` to the logits, which must be zero here: the paper has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from utils.checkpoints import CheckpointError, find_file, read_safetensors
from utils.ladder import Params
from utils.levels.names import NameTable, Packed, pack

Entries = dict[str, str | Packed]  # their name -> ours

# --8<-- [start:name_table]
PARTS = {  # ours in a layer, and what the libraries call them
    "encoder": {
        "attention": {"torch": "self_attn", "marian": "self_attn"},
        "norm1": {"torch": "norm1", "marian": "self_attn_layer_norm"},
        "feed_forward.linear1": {"torch": "linear1", "marian": "fc1"},
        "feed_forward.linear2": {"torch": "linear2", "marian": "fc2"},
        "norm2": {"torch": "norm2", "marian": "final_layer_norm"},
    },
    "decoder": {
        "self_attention": {"torch": "self_attn", "marian": "self_attn"},
        "norm1": {"torch": "norm1", "marian": "self_attn_layer_norm"},
        "cross_attention": {"torch": "multihead_attn", "marian": "encoder_attn"},
        "norm2": {"torch": "norm2", "marian": "encoder_attn_layer_norm"},
        "feed_forward.linear1": {"torch": "linear1", "marian": "fc1"},
        "feed_forward.linear2": {"torch": "linear2", "marian": "fc2"},
        "norm3": {"torch": "norm3", "marian": "final_layer_norm"},
    },
}
MARIAN_COPIES = ("lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight")
MARIAN_POSITIONS = ("model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight")
KINDS = ("weight", "bias")


def torch_attention(theirs: str = "", ours: str = "") -> Entries:
    """One attention, with what comes before its names: `in_proj_weight` has q, k and v below one another."""
    table: Entries = {f"{theirs}in_proj_{kind}": pack(*(f"{ours}{part}.{kind}" for part in "qkv")) for kind in KINDS}
    return table | {f"{theirs}out_proj.{kind}": f"{ours}out.{kind}" for kind in KINDS}


def marian_attention(theirs: str, ours: str) -> Entries:
    return {f"{theirs}{part}_proj.{kind}": f"{ours}{part}.{kind}" for part in ("q", "k", "v", "out") for kind in KINDS}


ATTENTION = {"torch": torch_attention, "marian": marian_attention}


def layer_names(library: str, stack: str, theirs: str = "", ours: str = "") -> Entries:
    """One layer of the encoder or the decoder, with what comes before its names."""
    table: Entries = {}
    for part, names in PARTS[stack].items():
        place = f"{theirs}{names[library]}"
        if part.endswith("attention"):
            table |= ATTENTION[library](f"{place}.", f"{ours}{part}.")
        else:
            table |= {f"{place}.{kind}": f"{ours}{part}.{kind}" for kind in KINDS}
    return table


def stack_names(library: str, layers: int, theirs: str = "") -> Entries:
    """All layers of encoder and decoder."""
    table: Entries = {}
    for stack in PARTS:
        for i in range(layers):
            table |= layer_names(library, stack, f"{theirs}{stack}.layers.{i}.", f"{stack}.{i}.")
    return table


def torch_names(layers: int) -> NameTable:
    """`torch.nn.Transformer`, beside an `embedding`."""
    return NameTable({"embedding.weight": "embedding.weight", **stack_names("torch", layers)})


class MarianNames(NameTable):
    """transformers' Marian, whose features are in another order than ours.

    Args:
        positions: how many its tables have.
    """

    def __init__(self, vocabulary: int, layers: int, d_model: int, positions: int) -> None:
        table = marian_positions(positions, d_model)
        super().__init__(
            {"model.shared.weight": "embedding.weight", **stack_names("marian", layers, "model.")},
            ties=dict.fromkeys(MARIAN_COPIES, "embedding.weight"),
            constants={**dict.fromkeys(MARIAN_POSITIONS, table), "final_logits_bias": np.zeros((1, vocabulary))},
        )
        self.order = marian_order(d_model)

    def to_theirs(self, params: Mapping[str, np.ndarray], **options: Any) -> Params:
        return super().to_theirs(permute_features(params, self.order), **options)

    def to_ours(self, arrays: Mapping[str, np.ndarray], **options: Any) -> Params:
        return permute_features(super().to_ours(arrays, **options), np.argsort(self.order))


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


def marian_positions(length: int, d_model: int) -> np.ndarray:
    """All sines, then all cosines of section 3.5. Returns: float64 (length, d)"""
    angles = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, d_model, 2) / d_model)  # (length, d / 2)
    return np.concatenate([np.sin(angles), np.cos(angles)[:, : d_model // 2]], axis=1)


def permute_features(params: Mapping[str, np.ndarray], order: np.ndarray) -> Params:
    """The same function with the features in another order: nothing in the model depends on their order but the table of
    positions, since attention and feed-forward read all of them, and normalisation averages over them. Single numbers,
    the counters of an optimizer, stay as they are."""
    axes = {name: feature_axis(name) if p.ndim else None for name, p in params.items()}
    return {n: p if (axis := axes[n]) is None else np.take(p, order, axis=axis) for n, p in params.items()}


# --8<-- [end:permute]


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
        "max_length": config["max_position_embeddings"],
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
    """A Marian state as our parameters: every name of ours must be there, every name of theirs be used.

    Its tables of positions are not looked at: they are fixed, and in a file of half precision they are rounded.

    Raises:
        CheckpointError: names or shapes that do not fit, a second embedding, or a bias on the logits.
    """
    import torch
    from transformer_paper import Transformer

    with torch.device("meta"):
        shapes = {name: tuple(p.shape) for name, p in Transformer(**options).named_parameters()}
    names = MarianNames(options["vocabulary"], options["layers"], options["d_model"], options["max_length"])
    found = {name: array for name, array in theirs.items() if name not in MARIAN_POSITIONS}
    return names.to_ours(found, shapes=shapes, error=CheckpointError)


def load_module(params: Params, model: Any) -> Any:
    """Copy parameters into a module of the paper level, in the module's own dtype."""
    import torch

    model.load_state_dict({name: torch.tensor(value) for name, value in params.items()}, strict=True)
    return model
