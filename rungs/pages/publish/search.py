"""The search index: what is found, what comes first, and the other words that people type for it."""

from __future__ import annotations

import json
import re
from pathlib import Path

ALSO = (
    ("back-propagation", "backpropagation", "backprop", "backward pass"),
    ("KL divergence", "KL", "Kullback-Leibler", "relative entropy"),
    ("Einstein summation", "einsum"),
    ("cross-entropy", "crossentropy", "log loss", "negative log-likelihood", "NLL"),
    ("mean squared error", "MSE", "squared loss"),
    ("stochastic gradient descent", "SGD"),
    ("batch normalisation", "batchnorm", "BN"),
    ("layer normalisation", "layernorm", "LN"),
    ("regularisation", "L1", "L2", "penalty"),
    ("ridge", "tikhonov"),
    ("residual connection", "skip connection", "shortcut"),
    ("schedule", "warmup", "warm-up"),
    ("Glorot initialisation", "Xavier"),
    ("He initialisation", "Kaiming"),
    ("attention", "self-attention", "QKV"),
    ("positions", "positional encoding"),
    ("tokenizer", "BPE", "byte-pair encoding"),
    ("central differences", "gradient check", "finite differences"),
    ("evidence lower bound", "ELBO"),
    ("recurrent network", "RNN"),
    ("convolution", "conv2d", "CNN"),
    ("transposed convolution", "deconvolution", "upsampling"),
    ("intersection over union", "IoU", "Jaccard"),
    ("F-score", "F1", "Dice"),
    ("checkerboards", "checkerboard artifacts"),
    ("attention without the matrix of weights", "flash attention", "online softmax"),
)
"""Words of a heading -> what else people call it. A heading with the first is found by all of them."""
SPELLINGS = (
    (r"is(e|es|ed|er|ers|ing|ation|ations|ational)\b", r"iz\1"),
    (r"iz(e|es|ed|er|ers|ing|ation|ations|ational)\b", r"is\1"),
    (r"our\b", "or"),
    (r"(\w)-(\w)", r"\1\2"),
)
BOOSTS = (
    (r"/exercises/.", 0.4),
    (r"^docs/glossary", 10.0),
    (r"^[^/]+/(theory|activations)", 4.0),
    (r"^[^/]+/($|index|code|results|production/)", 1.5),
)
"""Where a page is -> how much more its hits count: glossary and theory first, exercises last."""
CODE = re.compile(
    r"<pre>.*?</pre>", re.S
)  # a third of the index, which every page loads; names of code are in the prose
UNSEARCHED = re.compile(r"/mistakes/|/results/|^docs/0[6789]_|^tests/")


def improve(site: Path) -> None:
    """Rewrite the index of a built site: leave out, weigh, and add the other words as tags that only search sees."""
    path = site / "search" / "search_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    index["docs"] = [improved(entry) for entry in index["docs"] if not UNSEARCHED.search(entry["location"])]
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def improved(entry: dict) -> dict:
    boost = next((factor for place, factor in BOOSTS if re.search(place, entry["location"])), 1.0)
    title = re.sub(r"<[^>]+>", "", entry["title"])
    entry = entry | {"text": CODE.sub("", entry["text"])}
    tags = other_words(title)
    if entry["location"].startswith("docs/glossary.html#"):
        tags.insert(0, title)  # a term is what its entry is about: more than a word of a longer heading
    if tags:
        entry = entry | {"tags": [*entry.get("tags", ()), *tags]}
    return entry | {"boost": boost * entry.get("boost", 1.0)}


def other_words(title: str) -> list[str]:
    """What else a heading could be called: other names, and other spellings of them and of itself."""
    found = [words for words in ALSO if re.search(rf"\b{re.escape(words[0])}\b", title, re.IGNORECASE)]
    named = [title]
    for words in found:
        if not any(
            words is not longer and words[0] in longer[0] for longer in found
        ):  # "transposed convolution" is none
            named += words
    spelled = [re.sub(pattern, other, name, flags=re.IGNORECASE) for name in named for pattern, other in SPELLINGS]
    return [name for name in dict.fromkeys([*named, *spelled]) if name != title]
