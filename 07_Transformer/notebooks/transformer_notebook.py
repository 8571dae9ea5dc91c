# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Chapter 07: how does a network look something up?
#
# A Python dictionary returns the value whose key is equal to yours. Suppose it returned a blend instead: mostly the values of
# the closest keys, and a little of the rest. That is attention, and because a blend changes smoothly with the keys, a network
# can learn what to look for. Here you compute one by hand, build the layer at two levels, train a small Transformer that reads
# dates in words, and look at where it looks.
#
# The formulas are derived in [theory.md](../theory.md).

# %%
import numpy as np
import torch
import transformer_paper
from attention_numpy import MultiHeadAttention, ScaledDotProductAttention, causal_mask, padding_mask
from decoding_paper import greedy
from embedding_numpy import sinusoids
from label_smoothing_numpy import LabelSmoothedCrossEntropy
from optimizers_numpy import Adam
from torch.nn import functional as F
from transformer_numpy import BOS, EOS, PAD, EncoderLayer, Transformer
from translation_data import date_coder, encode_pairs, load_pairs, make_batch

from utils.figures.curves import curves
from utils.figures.tables import heat_maps
from utils.notebooks import compare, show, source

# %% [markdown]
# ## What is there to translate?
#
# Dates, written in words on one side and as numbers on the other. A generator makes them, so nothing is downloaded. The order
# of the parts changes from line to line, so the model cannot copy from left to right: it has to look for the month.

# %%
pairs = load_pairs("dates-english", "train", examples=8000)
for read, written in zip(pairs.sources[:6], pairs.targets[:6], strict=True):
    print(f"{read:55} {written}")

# %% [markdown]
# A network needs numbers. Byte-pair encoding joins letters that often stand side by side, until frequent words are one token
# and rare ones still have a spelling.

# %%
VOCABULARY = 400
coder = date_coder(VOCABULARY)
ids = coder.encode(pairs.sources[0])
print([coder.show(token) for token in ids])
print(ids)

# %% [markdown]
# ## Attention with three words
#
# Three words, two numbers each. The query is most like the second key, so the second value gets most of the weight; the scores
# are the products of query and keys, and softmax turns them into shares.

# %%
query = np.array([[0.0, 3.0]])
keys = np.array([[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]])
values = np.array([[10.0, 0.0], [0.0, 10.0], [5.0, 5.0]])
attention = ScaledDotProductAttention()
print("blend  ", attention.forward(query, keys, values).round(2))
print("weights", attention.weights.round(2))
source(ScaledDotProductAttention.forward, ScaledDotProductAttention.backward)

# %% [markdown]
# ## Why divide by the square root?
#
# The product of two random vectors of $d$ numbers has variance $d$. With $d = 64$ the scores spread over plus or minus 16, and
# a softmax of such numbers is nearly a hard choice: one weight is close to 1, and hardly any gradient passes. Divide by
# $\sqrt d$ and the spread stays at 1 for every width.

# %%
rng = np.random.default_rng(0)
widths = np.array([1, 2, 4, 8, 16, 32, 64, 128])
largest = {"scores as they are": [], "divided by the square root": []}
for d in widths:
    scores = np.einsum("nd,nsd->ns", rng.normal(size=(500, d)), rng.normal(size=(500, 10, d)))
    for name, scale in (("scores as they are", 1.0), ("divided by the square root", d**-0.5)):
        e = np.exp(scale * scores - (scale * scores).max(axis=1, keepdims=True))
        largest[name].append((e / e.sum(axis=1, keepdims=True)).max(axis=1).mean())
show(
    curves(
        {name: (widths, shares) for name, shares in largest.items()},
        xlabel="width of a key",
        ylabel="largest of ten weights",
        title="How hard the choice is",
    )
)

# %% [markdown]
# ## Who may look at whom?
#
# Padding is invisible to everyone. In the decoder, a position may also not look at the words to its right, because when it is
# used they do not exist yet. Dark is visible.

# %%
tokens = np.array([[BOS, 7, 8, 9, PAD, PAD]])
decoder = (causal_mask(6) & padding_mask(tokens))[0, 0]
encoder = np.broadcast_to(padding_mask(tokens)[0, 0], (6, 6))
panels = {"encoder: padding": encoder.astype(float), "decoder: padding and future": decoder.astype(float)}
show(heat_maps(panels, xlabel="key", ylabel="query", columns=2))

# %% [markdown]
# ## Where is each word?
#
# A blend has no order: shuffle the words and attention gives the same answer. So each position adds a pattern of its own, sines
# and cosines of many wavelengths. Side by side they work like the hands of many clocks.

# %%
show(
    heat_maps(
        {"": sinusoids(40, 64)},
        columns=1,
        limits=(-1, 1),
        xlabel="column",
        ylabel="position",
        title="Positional encoding",
    )
)

# %% [markdown]
# ## Is our layer torch's layer?
#
# Several heads do the same look-up on different parts of the vectors. torch has a module of its own for this,
# `nn.MultiheadAttention`, which stacks the three input matrices into one. One sentence of the two is padded.

# %%
ours = MultiHeadAttention(12, 3, rng=rng)
theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
p = {name: torch.from_numpy(array.copy()) for name, array in ours.params.items()}
theirs.load_state_dict(
    {
        "in_proj_weight": torch.cat([p["q.weight"], p["k.weight"], p["v.weight"]]),
        "in_proj_bias": torch.cat([p["q.bias"], p["k.bias"], p["v.bias"]]),
        "out_proj.weight": p["out.weight"],
        "out_proj.bias": p["out.bias"],
    }
)
words = np.array([[5, 6, 7, 8], [5, 6, PAD, PAD]])
x, dy = rng.normal(size=(2, 4, 12)), rng.normal(size=(2, 4, 12))
y = ours.forward(x, x, padding_mask(words))
dqueries, dkeys = ours.backward(dy)

x_torch = torch.tensor(x, requires_grad=True)
y_torch, _ = theirs(x_torch, x_torch, x_torch, key_padding_mask=torch.from_numpy(words == PAD))
y_torch.backward(torch.from_numpy(dy))
stacked = np.concatenate([ours.grads[f"{name}.weight"] for name in "qkv"])
compare(
    {"y": y, "dx": dqueries + dkeys, "dW q, k, v": stacked, "dW out": ours.grads["out.weight"]},
    {"y": y_torch, "dx": x_torch.grad, "dW q, k, v": theirs.in_proj_weight.grad, "dW out": theirs.out_proj.weight.grad},
)

# %% [markdown]
# ## A layer, a stack, a Transformer
#
# Attention mixes the words; a small network then works on each of them alone; around both there is a shortcut, as in
# [chapter 05](../../05_ResNet/README.md), and a normalisation. That is a layer of the encoder. Note the last line: `x` has
# served as residual, as query, and as key and value, so three gradients come back.

# %%
source(EncoderLayer.forward, EncoderLayer.backward)

# %% [markdown]
# ## Training: the same first steps at two levels
#
# A Transformer of two layers, 48 numbers per word, two heads. NumPy and the `nn.Module` start from the same weights; they take
# 15 steps side by side in double precision, and then the module goes on alone in single precision, because it is faster.

# %%
SIZES = {"layers": 2, "d_model": 48, "heads": 2, "d_ff": 96, "max_length": 64}
numpy_model = Transformer(VOCABULARY, **SIZES, rng=np.random.default_rng(1))
paper_model = transformer_paper.Transformer(VOCABULARY, **SIZES, dropout=0.0).double()
paper_model.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in numpy_model.params.items()})
sources, targets = encode_pairs(pairs, coder)


def batches(count, size, seed):
    draw = np.random.default_rng(seed)
    for _ in range(count):
        rows = draw.integers(0, len(sources), size)
        yield make_batch([sources[i] for i in rows], [targets[i] for i in rows])


def torch_step(model, optimizer, batch):
    read, written, labels = (torch.from_numpy(batch[name]) for name in ("source", "target", "labels"))
    logits = model(read, written)
    loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=PAD, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


criterion, adam = LabelSmoothedCrossEntropy(0.1), Adam(numpy_model.params, 3e-3)
torch_adam = torch.optim.Adam(paper_model.parameters(), 3e-3)
apart = []
for batch in batches(15, 16, seed=2):
    loss = criterion.forward(numpy_model.forward(batch["source"], batch["target"]), batch["labels"])
    numpy_model.zero_grads()
    numpy_model.backward(criterion.backward())
    adam.step(numpy_model.grads)
    apart.append(abs(loss - torch_step(paper_model, torch_adam, batch)))
print(f"loss {loss:.3f}; largest difference of the two losses in 15 steps: {max(apart):.1e}")

# %% [markdown]
# The losses stay equal to about eight digits, no longer to fifteen. Adam amplifies rounding: where a gradient is almost zero,
# it divides one rounding error by another.

# %%
STEPS = 500
model = paper_model.float()
optimizer = torch.optim.Adam(model.parameters(), 3e-3)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / 30, 1 - step / STEPS))
losses = []
for batch in batches(STEPS, 32, seed=3):
    losses.append(torch_step(model, optimizer, batch))
    schedule.step()
show(curves({"training loss, smoothed labels": losses}, title="Learning to read dates"))

# %% [markdown]
# Label smoothing asks for 90 % on the right token and a little on all others, so even a perfect model cannot reach zero. Does
# it translate dates that it has never seen?

# %%
unseen = load_pairs("dates-english", "test", examples=100)
encoded, _ = encode_pairs(unseen, coder)
answers = greedy(model.eval(), torch.from_numpy(make_batch(encoded, [[]] * len(encoded))["source"]), max_length=16)
written = [coder.decode(answer) for answer in answers]
right = np.mean([a == b for a, b in zip(written, unseen.targets, strict=True)])
for read, answer, truth in list(zip(unseen.sources, written, unseen.targets, strict=True))[:5]:
    print(f"{read:55} {answer:12} {'' if answer == truth else 'should be ' + truth}")
print(f"right to the last digit: {right:.0%}")

# %% [markdown]
# ## Where does it look?
#
# Each row is a token about to be written, each column a token that was read. The NumPy model keeps the weights of its last
# forward pass, so copy what the module has learned into it and read one date.

# %%
numpy_model.load({name: p.detach().numpy().astype(np.float64) for name, p in model.named_parameters()})
k = max(range(40), key=lambda i: written[i] == unseen.targets[i])
read, answer = encoded[k], answers[k]
numpy_model.forward(np.array([read]), np.array([[BOS, *answer]]))
panels = {
    f"layer {i + 1}, head {h + 1}": layer.cross_attention.weights[0, h]
    for i, layer in enumerate(numpy_model.decoder)
    for h in range(2)
}
columns, rows = ([coder.show(token).replace(" ", "\u00b7") for token in ids] for ids in (read, [*answer, EOS]))
print(unseen.sources[k], "->", written[k])
show(heat_maps(panels, x=columns, y=rows, columns=2, limits=(0, 1), title="Which word is read for which digit"))

# %% [markdown]
# ## What to change next
#
# 1. **Take the order away.** After building the models add `paper_model.positions.zero_()` and
#    `numpy_model.positions.table[...] = 0`, and train again. Which dates does the model still get right?
# 2. **One head, or eight.** Change `heads` in `SIZES` to 1, then to 8 (48 is divisible by both). The number of parameters stays
#    the same; do the maps look clearer?
# 3. **Break the mask.** In the training step, give the decoder `batch["labels"]` as its target: it can now see the answer. The
#    loss falls at once. What does it translate, and why?
