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
# # Chapter 05: why can a deep network not even copy?
#
# Take a network that works and put more layers on top. It can only get better: the new layers could simply pass on what they
# receive. In practice it gets worse, and on the *training* images too. He and his colleagues drew the conclusion that passing
# something on is hard to learn, and built it in: each block adds to its input, $y = x + F(x)$. Here you build such a block,
# see what depth does to a gradient with and without the shortcut, and train the two networks side by side.
#
# The formulas are derived in [theory.md](../theory.md).

# %%
import numpy as np
import resnet_paper
import torch
from batchnorm_numpy import BatchNorm2d
from logistic_numpy import CrossEntropyLoss
from optimizers_numpy import SGD
from resnet_data import augment
from resnet_numpy import BasicBlock, Block, CifarResNet
from torch.nn import functional as F

from utils.digits import digit_batches, digits
from utils.figures.curves import curves, loss_and_accuracy
from utils.figures.images import feature_maps, image_grid
from utils.figures.layers import gradient_flow, histograms
from utils.notebooks import compare, show, source

# %% [markdown]
# ## What does the data look like?
#
# CIFAR-10 is what the paper trains on; for a notebook that runs in seconds the embedded digits have to do. The second row shows
# the paper's augmentation, a random crop of the padded image (no mirroring here: a mirrored 2 is not a 2).


# %%
def scale(grey):
    return (grey - 4.9) / 6.0


train, test = digits("train", scale=scale), digits("test", scale=scale)
first = train["images"][:8]
crops = augment(first, np.random.default_rng(0), padding=1, flip=False)
show(
    image_grid(
        np.concatenate([first, crops]), [str(k) for k in train["labels"][:8]] + ["crop"] * 8, columns=8, ink=True
    )
)

# %% [markdown]
# ## Piece one: batch normalisation
#
# Subtract the mean of the batch, divide by its standard deviation, channel by channel, then let two trained numbers choose a
# new scale and a new offset. In evaluation, running averages take the place of the batch.
#
# The backward pass has three terms where you might expect one, because mean and variance depend on every value of the batch.

# %%
source(BatchNorm2d.backward)

# %%
rng = np.random.default_rng(1)
ours, theirs = BatchNorm2d(4), torch.nn.BatchNorm2d(4, dtype=torch.float64)
x, dy = rng.normal(2.0, 3.0, size=(6, 4, 5, 7)), rng.normal(size=(6, 4, 5, 7))
y, dx = ours.forward(x), ours.backward(dy)

x_torch = torch.tensor(x, requires_grad=True)
y_torch = theirs(x_torch)
y_torch.backward(torch.from_numpy(dy))
compare(
    {"y": y, "dx": dx, "dweight": ours.grads["weight"], "dbias": ours.grads["bias"], "running var": ours.running_var},
    {
        "y": y_torch,
        "dx": x_torch.grad,
        "dweight": theirs.weight.grad,
        "dbias": theirs.bias.grad,
        "running var": theirs.running_var,
    },
)

# %% [markdown]
# ## Piece two: the shortcut
#
# Forward it is one addition. Backward, a sum hands its gradient to both of its terms: through the branch, and past it
# unchanged. However small the branch makes it, the gradient has a second way.

# %%
source(Block.forward, Block.backward)

# %% [markdown]
# A block that halves the resolution and doubles the channels cannot add its input as it is. Option A of the paper takes every
# second pixel and fills up with channels of zeros. The same block at both levels:

# %%
ours = BasicBlock(4, 8, 2, option="A", rng=rng)
theirs = resnet_paper.BasicBlock(4, 8, 2, option="A").double()
state = {**ours.params, **ours.buffers}
theirs.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in state.items()})
x = rng.normal(size=(3, 4, 8, 8))
y = ours.forward(x)
dy = rng.normal(size=y.shape)
dx = ours.backward(dy)

x_torch = torch.tensor(x, requires_grad=True)
y_torch = theirs(x_torch)
y_torch.backward(torch.from_numpy(dy))
compare(
    {"y": y, "dx": dx} | ours.grads,
    {"y": y_torch, "dx": x_torch.grad} | {name: p.grad for name, p in theirs.named_parameters()},
)

# %% [markdown]
# ## What does depth do to a gradient?
#
# Two networks of 32 layers with the same weights, one with shortcuts and one without, and one batch of digits. How large is the
# gradient at the first convolution of each block?

# %%
criterion, flows, signals = CrossEntropyLoss(), {}, {}
for name, option in {"residual": "A", "plain": "none"}.items():
    deep = CifarResNet(32, width=4, in_channels=1, option=option, rng=np.random.default_rng(2))
    logits = deep.forward(train["images"][:64])
    criterion.forward(logits, train["labels"][:64])
    deep.backward(criterion.backward())
    blocks = [f"layer{stage}.{i}.conv1.weight" for stage in (1, 2, 3) for i in range(5)]
    flows[name] = {block[5:8]: deep.grads[block] for block in blocks}
    signals[name] = {f"block {stage}.0": getattr(deep, f"layer{stage}")[0].relu_out.y for stage in (1, 2, 3)}
show(gradient_flow(flows, title="Gradients at the start of training"))

# %% [markdown]
# Nothing vanishes: batch normalisation sees to that. But in the plain network the gradient grows a hundredfold on its way to
# the input, so no learning rate suits both ends of it. With shortcuts it grows by less than ten. The values tell the two apart
# as well: along the shortcuts they add up from block to block, in the plain network each block starts anew.

# %%
show(histograms(signals, limits=(0, 6), title="What comes out of the first block of each stage"))

# %% [markdown]
# ## A small one, at two levels
#
# ResNet-8 on the digits: NumPy and `nn.Module` from the same weights on the same batches. Momentum and weight decay are the
# paper's.


# %%
def pair(depth, option, seed):
    """The same network at both levels."""
    ours = CifarResNet(depth, width=8, in_channels=1, option=option, rng=np.random.default_rng(seed))
    theirs = resnet_paper.CifarResNet(depth, width=8, in_channels=1, option=option).double()
    state = {**ours.params, **ours.buffers}
    theirs.load_state_dict({name: torch.from_numpy(np.array(p)) for name, p in state.items()})
    return ours, theirs


def torch_step(model, optimizer, images, labels):
    loss = F.cross_entropy(model.train()(torch.from_numpy(images)), torch.from_numpy(labels))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


RECIPE = {"momentum": 0.9, "weight_decay": 1e-4}
STEPS = 100
numpy_model, paper_model = pair(8, "A", seed=3)
sgd = SGD(numpy_model.params, 0.05, **RECIPE)
torch_sgd = torch.optim.SGD(paper_model.parameters(), 0.05, **RECIPE)
losses, accuracies = {"NumPy": [], "paper": []}, {"NumPy": ([], []), "paper": ([], [])}
for step, batch in enumerate(digit_batches(train, 32, np.random.default_rng(4), STEPS), 1):
    loss = criterion.forward(numpy_model.forward(batch["images"]), batch["labels"])
    numpy_model.zero_grads()
    numpy_model.backward(criterion.backward(), input_grad=False)
    sgd.step(numpy_model.grads)
    losses["NumPy"].append(loss)
    losses["paper"].append(torch_step(paper_model, torch_sgd, batch["images"], batch["labels"]))
    if step % 20 == 0:
        with torch.no_grad():
            scores = {"NumPy": numpy_model.forward(test["images"], training=False)}
            scores["paper"] = paper_model.eval()(torch.from_numpy(test["images"])).numpy()
        for name, score in scores.items():
            accuracies[name][0].append(step)
            accuracies[name][1].append((score.argmax(axis=1) == test["labels"]).mean())
show(loss_and_accuracy(losses, accuracies, metric="test accuracy"))
print(f"test accuracy {accuracies['NumPy'][1][-1]:.1%}")

# %% [markdown]
# ## Now go deep
#
# Forty-four layers, with and without shortcuts, same initial weights, same batches, at the paper level because it is quicker to
# run. This is figure 1 of the paper in miniature.

# %%
deep_losses = {}
for name, option in {"residual, 44 layers": "A", "plain, 44 layers": "none"}.items():
    _, model = pair(44, option, seed=5)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, **RECIPE)
    batches = digit_batches(train, 32, np.random.default_rng(6), 80)
    deep_losses[name] = [torch_step(model, optimizer, batch["images"], batch["labels"]) for batch in batches]
show(curves(deep_losses, ylabel="training loss", title="The same depth with and without shortcuts"))

# %% [markdown]
# The plain network has the same weights to choose from, and training cannot find good ones. It is not overfitting: this is the
# loss on the training images.
#
# ## What is on the branch, and what on the shortcut?
#
# One digit through the trained ResNet-8. In each pair of rows, the first is what the branch adds, the second
# the sum that leaves the block.

# %%
numpy_model.forward(test["images"][:1], training=False)
rows = {"conv1": numpy_model.relu.y}
x = numpy_model.relu.y
for stage in (1, 2, 3):
    block = getattr(numpy_model, f"layer{stage}")[0]
    rows[f"F, stage {stage}"] = block.branch(x, False)
    x = block.forward(x, False)
    rows[f"x + F, stage {stage}"] = x
show(feature_maps(rows, title="One digit through three blocks"))

# %% [markdown]
# ## What to change next
#
# 1. **How deep is too deep?** In the last training cell, replace 44 by 8, 20 and 32. At which depth does the plain network
#    begin to fall behind?
# 2. **Leave out a block.** In a trained residual network set the scale of one block's last normalisation to zero,
#    `numpy_model.layer2[0].bn2.params["weight"][...] = 0`, and measure the test accuracy again in the cell before. Then try the
#    same in a plain network.
# 3. **Option B.** Replace `"A"` by `"B"` in the cell that trains ResNet-8. Strided convolutions take the place of zeros on the
#    shortcuts: more parameters, but is it better?
