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
# # Chapter 03: what if the digit moves?
#
# The networks so far see an image as a list of numbers. Shift it by two pixels and every number changes, and so does the
# answer. A convolution carries one small window over the whole image and uses the same weights everywhere, so what it finds
# moves along with the digit. Here you build LeNet-5 of 1998 out of such layers, and look inside.
#
# The formulas are derived in [theory.md](../theory.md).

# %%
import lenet_paper
import numpy as np
import torch
from conv_numpy import Conv2d, im2col
from lenet_data import to_input
from lenet_numpy import C3_TABLE, LeNet5, MAPLoss, Subsampling, digit_codes, training_step
from optimizers_numpy import SGD
from torch.nn import functional as F

from utils.data_loaders import load_dataset
from utils.digits import digit_batches
from utils.figures.curves import curves, loss_and_accuracy
from utils.figures.images import feature_maps, filters, image_grid
from utils.figures.tables import heat_maps
from utils.notebooks import compare, show, source

# %% [markdown]
# ## What does the network see?
#
# LeNet-5 wants 32 by 32 pixels. The digits that come with scikit-learn are 8 by 8, so each pixel is enlarged to 3 by 3 and the
# rest is margin. The margin matters: a stroke that ends at the border could not be in the middle of any window.

# %%
train, test = to_input(load_dataset("digits", "train")), to_input(load_dataset("digits", "test"))
print(train["images"].shape, train["images"].dtype)
show(image_grid(train["images"][:8], [str(label) for label in train["labels"][:8]], ink=True))

# %% [markdown]
# ## What does a convolution do?
#
# Before any learning: two kernels made by hand. One subtracts the pixel on the left from the pixel on the right, so it answers
# to vertical edges; the other is its transpose. White is a rise, black a fall.

# %%
edge = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
by_hand = Conv2d(1, 2, 3, rng=np.random.default_rng(0))
by_hand.params["weight"][...] = np.stack([edge, edge.T])[:, None]
shown = train["images"][:1].astype(np.float64)
maps = by_hand.forward(shown)[0]
show(image_grid([shown[0, 0, 1:-1, 1:-1], *maps], ["digit", "vertical edges", "horizontal edges"], columns=3))

# %% [markdown]
# Move the digit, and the answer moves with it. A layer of chapter 02 could not promise this.

# %%
moved = np.roll(shown, (2, 5), axis=(2, 3))
print(np.array_equal(by_hand.forward(moved)[..., 4:, 7:], by_hand.forward(shown)[..., 2:-2, 2:-5]))

# %% [markdown]
# ## How do you compute it without a loop over pixels?
#
# Copy every window into a column of a matrix. The convolution is then one matrix product, and its gradients are those of a
# linear layer. With a 3 by 3 image and 2 by 2 windows you can check every number.

# %%
small = np.arange(9.0).reshape(1, 3, 3, 1)  # (C, H, W, B): in memory the batch comes last
print(small[0, :, :, 0], "\n")
print(im2col(small, k=2, stride=1))
source(Conv2d.forward, Conv2d.backward_params, Conv2d.backward_input)

# %% [markdown]
# Against torch's convolution, with stride and padding, forward and backward:

# %%
rng = np.random.default_rng(1)
ours = Conv2d(3, 4, 5, stride=2, padding=2, rng=rng)
x = rng.normal(size=(2, 3, 11, 13))
y = ours.forward(x)
dy = rng.normal(size=y.shape)
dx = ours.backward(dy)

x_torch = torch.tensor(x, requires_grad=True)
weight, bias = (torch.tensor(ours.params[name], requires_grad=True) for name in ("weight", "bias"))
y_torch = F.conv2d(x_torch, weight, bias, stride=2, padding=2)
y_torch.backward(torch.from_numpy(dy))
compare(
    {"y": y, "dx": dx, "dweight": ours.grads["weight"], "dbias": ours.grads["bias"]},
    {"y": y_torch, "dx": x_torch.grad, "dweight": weight.grad, "dbias": bias.grad},
)

# %% [markdown]
# ## The parts that went out of use
#
# After each convolution LeNet-5 halves the resolution. It adds up four neighbours, multiplies by a trained coefficient and adds
# a bias; today you would take their maximum.

# %%
source(Subsampling.forward)

# %% [markdown]
# The second convolution does not connect every map with every other. A table in the paper says which of the six maps (rows)
# each of the sixteen (columns) may see. It saved more than a third of the links, and kept the maps from all learning the same.
#
# And the output layer compares with pictures: each class has a drawing of 7 by 12 pixels, and the answer is the class whose
# drawing is nearest.

# %%
links = np.zeros((6, 16))
for column, seen in enumerate(C3_TABLE):
    links[list(seen), column] = 1.0
show(heat_maps({"": links}, columns=1, xlabel="map of C3", ylabel="map of S2", title="Which map sees which"))
show(image_grid(digit_codes().reshape(10, 12, 7), columns=10, ink=True, share=True, title="The drawings"))

# %% [markdown]
# ## The whole network, at two levels
#
# One forward and backward pass of the NumPy network and of the `nn.Module`, with the same weights. Every gradient of the 60,000
# parameters is compared; the table shows the first layer, the last and the image itself.

# %%
numpy_model, paper_model = LeNet5(rng=np.random.default_rng(2)), lenet_paper.LeNet5().double()
state = {**numpy_model.params, **numpy_model.buffers}
paper_model.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in state.items()})
images, labels = train["images"][:16].astype(np.float64), train["labels"][:16]

criterion = MAPLoss()
loss = criterion.forward(numpy_model.forward(images), labels)
dx = numpy_model.backward(criterion.backward())

x_torch = torch.tensor(images, requires_grad=True)
loss_torch = lenet_paper.map_loss(paper_model(x_torch), torch.from_numpy(labels))
loss_torch.backward()
theirs = {name: p.grad for name, p in paper_model.named_parameters()}
chosen = ("c1.weight", "s2.coefficient", "c3.weight", "f6.weight")
compare(
    {"loss": loss, "dimages": dx} | {name: numpy_model.grads[name] for name in chosen},
    {"loss": loss_torch, "dimages": x_torch.grad} | {name: theirs[name] for name in chosen},
)
print(max(np.abs(numpy_model.grads[name] - grad.numpy()).max() for name, grad in theirs.items()))

# %% [markdown]
# ## Training, in single precision
#
# In float32 two correct programs do not stay equal for ever: each rounds in its own way, and the difference grows from step to
# step. Watch the two curves: they part by less than their line width.

# %%
LR, STEPS, BATCH = 0.004, 120, 32
numpy_model = LeNet5(rng=np.random.default_rng(2), dtype=np.float32)
paper_model = lenet_paper.LeNet5()
state = {**numpy_model.params, **numpy_model.buffers}
paper_model.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in state.items()})
sgd = SGD(numpy_model.params, LR, momentum=0.9)
torch_sgd = torch.optim.SGD(paper_model.parameters(), LR, momentum=0.9)

losses, accuracies = {"NumPy": [], "paper": []}, {"NumPy": ([], []), "paper": ([], [])}
for step, batch in enumerate(digit_batches(train, BATCH, np.random.default_rng(3), STEPS), 1):
    images, labels = batch["images"], batch["labels"]
    losses["NumPy"].append(training_step(numpy_model, criterion, sgd, images, labels))
    losses["paper"].append(
        lenet_paper.training_step(paper_model, torch_sgd, torch.from_numpy(images), torch.from_numpy(labels))
    )
    if step % 20 == 0:
        with torch.no_grad():
            distances = {"NumPy": numpy_model.forward(test["images"])}
            distances["paper"] = paper_model(torch.from_numpy(test["images"])).numpy()
        for name, d in distances.items():
            accuracies[name][0].append(step)
            accuracies[name][1].append((d.argmin(axis=1) == test["labels"]).mean())
show(loss_and_accuracy(losses, accuracies, metric="test accuracy"))
print(f"test accuracy {accuracies['NumPy'][1][-1]:.1%}")

# %% [markdown]
# ## What happens to one digit on its way?
#
# Each row is a layer. The first keeps the shape and picks out edges; resolution falls, and what is left says less about where
# and more about what. The last row is layer F6, drawn as 7 by 12 pixels: the network has been taught to draw the digit that it
# believes to see.

# %%
one = test["images"][3:4]
numpy_model.forward(one)
seen = {"input": one}
for name, layer in (("C1", "t1"), ("S2", "t2"), ("C3", "t3"), ("S4", "t4")):
    seen[name] = getattr(numpy_model, layer).y
seen["F6"] = numpy_model.t6.y.reshape(1, 1, 12, 7)
show(feature_maps(seen, title=f"A {test['labels'][3]}, layer by layer"))
show(filters(numpy_model.params["c1.weight"], title="The six kernels of C1"))

# %% [markdown]
# ## Does it survive a shift?
#
# Move every test digit sideways and measure again. Nobody has shown the network a shifted digit.

# %%
shifts, shares = range(-4, 5), []
for shift in shifts:
    moved = np.roll(test["images"], shift, axis=3)
    shares.append(float((numpy_model.forward(moved).argmin(axis=1) == test["labels"]).mean()))
show(
    curves(
        {"LeNet-5": (np.array(shifts), shares)},
        xlabel="pixels to the right",
        ylabel="test accuracy",
        title="Shifted test digits",
    )
)

# %% [markdown]
# One pixel costs a few points, four cost two thirds of everything: convolutions follow the digit, but C5 and F6 see the whole
# image and care where it is. A single pixel of the original 8 by 8 image is three of these.
#
# ## What to change next
#
# 1. **Train on shifted digits.** In the training cell, roll each batch by a random number of pixels before both steps. What
#    happens to the curve of the last cell, and to the accuracy at shift 0?
# 2. **Connect everything.** Pass `table=FULL_TABLE` (from `lenet_numpy` and `lenet_paper`) to both networks. 96 links in place
#    of 60: does the test accuracy notice?
# 3. **Take the margin away.** In the cell with the data, roll the digits into a corner, `np.roll(..., (-4, -4), axis=(2, 3))`,
#    and train again. Which layer suffers?
