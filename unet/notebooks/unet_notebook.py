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
# # Chapter U-Net: where does one cell end and the next begin?
#
# The networks so far gave one answer per image. Here every pixel wants an answer of its own, and where two cells touch, a few
# pixels decide whether you count one cell or two. You build the network that does it out of its pieces, prove the new piece
# equal to torch's, train it for less than a minute, and look at what each part is good for.
#
# The formulas are derived in [theory.md](../theory.md) and [theory_training.md](../theory_training.md).

# %%
import numpy as np
import torch
import unet_paper
from deformation import deformed_grid, sample
from optimizers_numpy import Adam
from segmentation_metrics import iou
from tiling import mean_over_symmetries, predict_tiles
from torch.nn import functional as F
from transposed_numpy import ConvTranspose2d, Crop
from unet_data import draw_tile, make_cells
from unet_numpy import PixelLoss, UNet, UpBlock, output_size

from utils.figures.curves import loss_and_accuracy
from utils.figures.images import feature_maps, image_grid
from utils.notebooks import compare, show, source


def grey(image):
    return (image - image.min()) / (np.ptp(image) or 1.0)


# %% [markdown]
# ## What does the network see, and what should it say?
#
# Twenty images of discs that crowd together, made by a seeded generator. Beside each image its labels, and the weight of
# every pixel in the loss. The weights are the trick: look where they are bright.

# %%
train, test = make_cells("train"), make_cells("test")
shown = [panel for one in train[:2] for panel in (grey(one.image), one.labels, grey(np.minimum(one.weights, 10.0)))]
show(image_grid(shown, ["image", "labels", "weights"] * 2, columns=6))
first = train[0]
print(
    f"cells in the first image: {first.cells.max()}; weights from {first.weights.min():.2f} to {first.weights.max():.2f}"
)

# %% [markdown]
# Twenty images are few. Every training step therefore gets a new one: a random tile, rotated by any angle, mirrored or not,
# and bent like rubber. Image and labels are looked up at the same places.

# %%
rng = np.random.default_rng(0)
lattice = np.ones((128, 128))
lattice[::16] = lattice[:, ::16] = 0.0
grids = [deformed_grid(rng, (128, 128), 128) for _ in range(3)]
bent = [sample(picture, grid) for picture in (lattice, train[0].image) for grid in grids]
show(image_grid([grey(picture) for picture in bent], columns=6))

# %% [markdown]
# ## How does an image become larger again?
#
# Pooling halves it. The way back is a stamp: every pixel presses the same few numbers onto the output, as strongly as its own
# value says, and stamps that overlap add up. Three pixels, a stamp of three, stride 2:

# %%
stamp = ConvTranspose2d(1, 1, 3, stride=2, rng=rng)
stamp.weight[...] = 0.0
stamp.weight[0, 0, 1] = [1, 10, 100]
print(stamp.forward(np.array([[[[1.0, 2.0, 3.0]]]]))[0, 0, 1])
source(ConvTranspose2d.forward, ConvTranspose2d.backward)

# %% [markdown]
# The two calls that do the work, `col2im` and `im2col`, are those of chapter 03's convolution, in exchanged roles. Against
# torch, with stride, padding and output padding:

# %%
ours = ConvTranspose2d(3, 4, 5, stride=3, padding=2, output_padding=1, rng=rng)
x = rng.normal(size=(2, 3, 6, 7))
y = ours.forward(x)
dy = rng.normal(size=y.shape)
dx = ours.backward(dy)

x_torch = torch.tensor(x, requires_grad=True)
weight, bias = (torch.tensor(ours.params[name], requires_grad=True) for name in ("weight", "bias"))
y_torch = F.conv_transpose2d(x_torch, weight, bias, stride=3, padding=2, output_padding=1)
y_torch.backward(torch.from_numpy(dy))
compare(
    {"y": y, "dx": dx, "dweight": ours.grads["weight"], "dbias": ours.grads["bias"]},
    {"y": y_torch, "dx": x_torch.grad, "dweight": weight.grad, "dbias": bias.grad},
)

# %% [markdown]
# ## Where the two paths meet
#
# On the way down the network learns what is there; the maps that it made on the way still know where. A step up doubles
# what comes from below, takes the middle of what comes across, and convolves both together. In `backward` one gradient
# becomes two.

# %%
print(Crop().forward(np.arange(36.0).reshape(1, 1, 6, 6), 2, 2)[0, 0])
source(UpBlock.forward, UpBlock.backward)

# %% [markdown]
# None of the convolutions is padded, so nothing is ever computed from zeros that are not in the image. The price is a
# border, and only some sizes fit:

# %%
print("the paper's tile:", output_size(572), " ours, at depth 2:", output_size(92, depth=2))
try:
    output_size(90, depth=2)
except ValueError as error:
    print(error)

# %% [markdown]
# ## The whole network, at two levels
#
# One forward and backward pass of the NumPy network and of the `nn.Module`, with the same weights, on one tile. Every
# gradient is compared; the table shows the ends of both paths and the image itself.

# %%
SIZES = {"depth": 2, "width": 8}
numpy_model = UNet(**SIZES, rng=np.random.default_rng(1))
paper_model = unet_paper.UNet(**SIZES).double()
paper_model.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in numpy_model.params.items()})
tile = draw_tile(rng, train, 92, depth=2)
images, weights = tile["images"].astype(np.float64), tile["weights"].astype(np.float64)

criterion = PixelLoss()
loss = criterion.forward(numpy_model.forward(images), tile["labels"], weights)
dx = numpy_model.backward(criterion.backward())

x_torch = torch.tensor(images, requires_grad=True)
loss_torch = unet_paper.pixel_loss(paper_model(x_torch), torch.from_numpy(tile["labels"]), torch.from_numpy(weights))
loss_torch.backward()
theirs = {name: p.grad for name, p in paper_model.named_parameters()}
chosen = ("down.0.conv1.weight", "bottom.conv2.weight", "up.0.upconv.weight", "head.weight")
compare(
    {"loss": loss, "dimages": dx} | {name: numpy_model.grads[name] for name in chosen},
    {"loss": loss_torch, "dimages": x_torch.grad} | {name: theirs[name] for name in chosen},
)
worst = max(np.abs(numpy_model.grads[name] - grad.numpy()).max() for name, grad in theirs.items())
print(f"all {len(theirs)} gradients: {worst:.1e}")

# %% [markdown]
# ## Training, at both levels
#
# One tile a step, as in the paper, with Adam. Both levels start from the same weights and see the same tiles; after every 25
# steps they are asked about four images that no tile comes from. The measure is the intersection over union of the cells.

# %%
LR, STEPS = 0.005, 150
numpy_model = UNet(**SIZES, rng=np.random.default_rng(1), dtype=np.float32)
paper_model = unet_paper.UNet(**SIZES)
paper_model.load_state_dict({name: torch.from_numpy(p.copy()) for name, p in numpy_model.params.items()})
adam, torch_adam = Adam(numpy_model.params, LR), torch.optim.Adam(paper_model.parameters(), LR)

asked = np.stack([one.image for one in test[:4]])[:, None]
lost = (128 - output_size(128, 2)) // 2
truth = np.stack([one.labels[lost:-lost, lost:-lost] for one in test[:4]]) == 1


def numpy_step(batch):
    numpy_model.zero_grads()
    loss = criterion.forward(numpy_model.forward(batch["images"]), batch["labels"], batch["weights"])
    numpy_model.backward(criterion.backward(), input_grad=False)
    adam.step(numpy_model.grads)
    return loss


def paper_step(batch):
    torch_adam.zero_grad()
    images, labels, weights = (torch.from_numpy(batch[name]) for name in ("images", "labels", "weights"))
    loss = unet_paper.pixel_loss(paper_model(images), labels, weights)
    loss.backward()
    torch_adam.step()
    return loss.item()


losses, found = {"NumPy": [], "paper": []}, {"NumPy": ([], []), "paper": ([], [])}
tiles = np.random.default_rng(2)
for step in range(1, STEPS + 1):
    batch = draw_tile(tiles, train, 92, depth=2)
    losses["NumPy"].append(numpy_step(batch))
    losses["paper"].append(paper_step(batch))
    if step % 25 == 0:
        with torch.no_grad():
            logits = {"NumPy": numpy_model.forward(asked), "paper": paper_model(torch.from_numpy(asked)).numpy()}
        for name, one in logits.items():
            found[name][0].append(step)
            found[name][1].append(iou(one.argmax(axis=1) == 1, truth))
show(loss_and_accuracy(losses, found, metric="intersection over union"))
print(f"intersection over union: {found['NumPy'][1][-1]:.3f}")

# %% [markdown]
# ## A whole image, in tiles
#
# A tile of 92 pixels predicts its middle 52. A larger image is covered by tiles; where a tile sees beyond the image, it
# sees its mirror image. Nothing shows where they meet, and the mean over the eight rotations and reflections is a little
# better still.


# %%
def probabilities(part):
    a = numpy_model.forward(part[None, None])[0]
    return 1 / (1 + np.exp(a[:1] - a[1:]))  # the softmax of two classes


def whole(image):
    return predict_tiles(probabilities, image, tile=92, depth=2)


one = test[0]
p, mean = whole(one.image)[0], mean_over_symmetries(whole, one.image)[0]
wrong = ((mean > 0.5) != (one.labels == 1)).astype(float)
panels = [grey(one.image), one.labels, p, mean, wrong]
show(image_grid(panels, ["image", "truth", "one view", "mean of eight", "errors"], columns=5))
print(f"wrong pixels: {((p > 0.5) != (one.labels == 1)).mean():.2%} of one view, {wrong.mean():.2%} of the mean")

# %% [markdown]
# ## What is on the way down, at the bottom, on the way up?
#
# The liveliest maps of each block. Down: outlines, then something coarse. Up: coarse still, then sharp again. The sharpness
# did not come through the bottom, whose pixels are four image pixels wide. It came across.

# %%
numpy_model.forward(one.image[None, None])
blocks = {"down 1": numpy_model.down[0], "down 2": numpy_model.down[1], "bottom": numpy_model.bottom}
blocks |= {f"up {i}": block.convs for i, block in enumerate(numpy_model.up, start=1)}
maps = {name: block.relu2.y[0] for name, block in blocks.items()}
show(feature_maps({name: m[np.argsort(-m.std(axis=(1, 2)))] for name, m in maps.items()}, most=6))

# %% [markdown]
# ## What if nothing came across?
#
# Keep the trained network, and put zeros in the place of the skips. This is not a fair training without skips, but it shows
# what the rest knows by itself.

# %%
blind = unet_paper.UNet(**SIZES, skips=False)
blind.load_state_dict(paper_model.state_dict())
with torch.no_grad():
    answers = [torch.softmax(model(torch.from_numpy(asked[:1])), 1)[0, 1].numpy() for model in (paper_model, blind)]
middle = one.image[lost:-lost, lost:-lost]
show(image_grid([grey(middle), *answers], ["image", "with skips", "zeros across"], columns=3))

# %% [markdown]
# Nothing that you could use. What is left is a woven pattern, four pixels wide: the stamps of two up-convolutions. After so
# short a training this network leans on its skips altogether. One that is trained without them from the start does better,
# and the [results](../results.md) show how far it gets.
#
# ## What to change next
#
# 1. **Pay every pixel the same.** In the training cell, replace `batch["weights"]` by ones at both levels. Look at the gaps
#    in the prediction, and at the intersection over union: which of the two notices?
# 2. **Train it blind.** Build the paper level with `skips=False` and train it from the start. How sharp can the outlines
#    become?
# 3. **Take the deformations away.** Pass `elastic=False` to `draw_tile` and train on three images, `train[:3]`. When does
#    the loss on the tiles stop telling you anything about the test images?
