"""The contract of the U-Net chapter: a step of the way up, the paper's network, and the padded one that most code has."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from unet_checks import (
    adam_check,
    count_check,
    crop_check,
    evaluation_check,
    init_check,
    refusal_check,
    size_check,
    transpose_check,
)
from unet_climb import climb_batches, climb_test, mean_iou, tile_batch
from unet_layers import BLOCK_LAYERS, SAME_LAYERS, UNET_LAYERS
from unet_levels import (
    SIZES,
    WIDTH,
    LowUNet,
    LowUpBlock,
    NumpyUNet,
    NumpyUpBlock,
    PaperUNet,
    PaperUpBlock,
    block_batch,
    dropout_noise,
    is_parameter,
    same_batch,
    trace,
    unet_batch,
)
from unet_references import SegmentationModels, TorchFigure1, TorchStep

from utils.ladder import Bench, Check, Climb, Deviation, Ladder, Overfit, Phase
from utils.parity.planting import load_mistakes
from utils.scripts import tiny_run

MISTAKES = load_mistakes(Path(__file__).parent)
MODULES = {"numpy": "unet_numpy", "pytorch_lowlevel": "unet_lowlevel", "paper": "unet_paper"}
PAPER = "Ronneberger, Fischer, Brox: U-Net, 2015"

# ---- the climb, and where we depart ----

CLIMB = Climb(
    dataset="synthetic touching cells, 20 images of 128x128",
    batches=climb_batches,
    test=climb_test,
    metric="IoU",
    score=mean_iou,
    sizes={"in_channels": 1, "classes": 2, "depth": 2, "width": 8},
    steps=150,
    options={"kind": "adam", "lr": 0.005},
)
SHORT = ("steps=2", "eval_every=2", "slices=1")
NETWORK = {"in_channels": 1, "classes": 2, "depth": 4, "width": 16}
NUMPY, TESTS = "unet/numpy/test_unet_numpy.py", "unet/paper"
DEVIATIONS = (
    Deviation(
        "The energy is - sum w log p.",
        "Equation 1 lacks the minus sign in print; without it the energy would grow as the network learns.",
        f"{NUMPY}::test_loss_falls_where_the_label_becomes_likelier",
    ),
    Deviation(
        "The energy is the mean over pixels; the paper sums.",
        "With a mean, a learning rate serves tiles of every size.",
        f"{NUMPY}::test_loss_is_a_mean_and_its_weights_are_not_divided_out",
    ),
    Deviation(
        "The second term of equation 2 is added on background pixels alone.",
        "A pixel in a cell has d1 = 0, so the formula would favour the cells' own rims; figure 3d shows it in the gaps only.",
        f"{TESTS}/test_weight_map.py::test_three_discs_by_hand",
    ),
    Deviation(
        "w_c is the inverse share of each class, with mean 1 over the pixels.",
        "The paper says that it balances class frequencies, and not how.",
        f"{TESTS}/test_weight_map.py::test_class_weights_are_inverse_shares_with_mean_one",
    ),
    Deviation(
        "Dropout of rate 0.5 acts on the last level before the bottom, ahead of its skip, and on the bottom.",
        "The paper has it at the end of the contracting path, without rate or place.",
        f"{TESTS}/test_unet_paper.py::test_masks_act_at_the_end_of_the_contracting_path",
    ),
    Deviation(
        "Training is by Adam, with a warm-up and a cosine; `paper.yaml` has SGD with momentum 0.99.",
        "The paper states no learning rate and no schedule.",
        f"{TESTS}/test_train_unet.py::test_the_learning_rate_rises_and_falls",
    ),
    Deviation(
        "Predictions are averaged over all eight rotations and reflections; the paper names seven rotated versions.",
        "A square has eight symmetries, the image itself among them.",
        f"{TESTS}/test_tiling.py::test_eight_symmetries_are_turned_back",
    ),
    Deviation(
        "Of an odd rest, the crop leaves the larger part at the bottom and right; torchvision rounds half of it.",
        "At the paper's sizes every rest is even, so the paper need not say.",
        "check: crop",
    ),
    Deviation(
        "The up-convolution is a transposed convolution of 2x2 with stride 2.",
        "The text speaks of up-sampling and a 2x2 convolution; the authors' network and most ports have the transposed one.",
        f"{TESTS}/test_unet_paper.py::test_upconvolution_against_upsampling_and_a_convolution",
    ),
    Deviation(
        "For an up-convolution, N of the initialisation counts the input channels alone.",
        "Stamps do not overlap, so an output pixel sums over the channels of one pixel; torch's fan_in, O k^2, halves the"
        " variance at these sizes.",
        f"{TESTS}/test_unet_paper.py::test_up_convolutions_begin_wider_than_he_normal_makes_them",
    ),
    Deviation(
        "Five of the thirty labelled slices are held out, every sixth.",
        "The labels of the challenge's test stack are secret; neighbouring slices resemble each other, so the five are spread.",
        f"{TESTS}/test_unet_data.py::test_every_sixth_slice_is_held_out",
    ),
)

# ---- the ladders ----

unet = partial(
    Ladder,
    modules=MODULES,
    builders={"numpy": NumpyUNet, "pytorch_lowlevel": LowUNet, "paper": PaperUNet},
    noise=dropout_noise,
    phases=(Phase(trains=is_parameter),),
    inputs=("images",),
)
UP_BLOCK = Ladder(
    paper=f"{PAPER}, section 2",
    data=block_batch,
    sizes={"channels": WIDTH, "same": False},
    modules=MODULES,
    builders={"numpy": NumpyUpBlock, "pytorch_lowlevel": LowUpBlock, "paper": PaperUpBlock},
    reference_builders={"torch modules": TorchStep},
    inputs=("x", "skip"),
    activations=("upconv", "convs.conv1", "convs.conv2", "convs"),
    layers=BLOCK_LAYERS,
    checks=(Check("transposition", transpose_check), Check("crop", crop_check)),
    mistakes=MISTAKES["up_block"],
)
UNET = unet(
    paper=PAPER,
    data=unet_batch,
    sizes=SIZES,
    reference_builders={"torch modules": TorchFigure1},
    activations=trace(),
    layers=UNET_LAYERS,
    checks=(
        Check("parameters", count_check),
        Check("sizes", size_check),
        Check("refused", refusal_check),
        Check("initialisation", init_check, proof="levels"),
        Check("Adam", adam_check, proof="training"),
    ),
    mistakes=MISTAKES["unet"],
    deviations=DEVIATIONS,
    scripts=tuple(tiny_run("train_unet", "tiny", level, *SHORT) for level in ("numpy", "paper")),
    climb=CLIMB,
    bench=Bench(batch=tile_batch(236), sizes=NETWORK, what="width 16, depth 4, one tile of 236x236"),
    overfit=Overfit(steps=200, loss=1.6, options={"kind": "adam", "lr": 0.005}),
    train_script="train_unet",
)
UNET_SAME = unet(
    paper=f"{PAPER}, with padding and batch normalisation",
    data=same_batch,
    sizes=SIZES | {"same": True},
    reference_builders={"torch modules": TorchFigure1, "segmentation-models-pytorch": SegmentationModels},
    activations=trace(),
    layers=SAME_LAYERS,
    checks=(Check("dropout in evaluation", evaluation_check),),
    mistakes=MISTAKES["unet_same"],
    scripts=(tiny_run("train_unet", "tiny", "paper", *SHORT, "same=true", "tile=64"),),
    bench=Bench(batch=tile_batch(128, same=True), sizes=NETWORK, what="width 16, depth 4, one image of 128x128"),
    train_script="train_unet",
)

LADDERS = {"up_block": UP_BLOCK, "unet": UNET, "unet_same": UNET_SAME}
