"""The modifications do what they say, on real models of the library: shallow ones, so that each test takes a moment."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import segmentation_models_pytorch as smp
import torch
from unet_production import dropout_at_the_bottom, learned_upsampling


def model(**settings: Any) -> Any:
    torch.manual_seed(0)
    made = {"encoder_weights": None, "encoder_depth": 3, "decoder_channels": (9, 7, 5), "classes": 2} | settings
    return smp.Unet("resnet18", **made).double()


def images(height: int = 32, width: int = 48) -> torch.Tensor:
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("size", [(32, 48), (35, 41)])
def test_learned_upsampling_begins_as_the_interpolation(size):
    plain = model().eval()
    changed = learned_upsampling(copy.deepcopy(plain))
    torch.testing.assert_close(changed(images(*size)), plain(images(*size)), rtol=1e-12, atol=1e-12)


def test_learned_upsampling_learns():
    changed: Any = learned_upsampling(model())
    changed(images()).square().mean().backward()
    for block in changed.decoder.blocks:
        assert block.upconv.weight.dtype == torch.float64
        assert block.upconv.weight.grad.abs().min() > 0
    plain = changed(images())
    with torch.no_grad():
        changed.decoder.blocks[-1].upconv.weight[:, :, 0, 0] *= -1.0
    assert not torch.allclose(changed(images()), plain)


def test_learned_upsampling_keeps_the_names_of_a_checkpoint():
    plain = model()
    changed: Any = learned_upsampling(model())
    missing, unexpected = changed.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected
    assert missing == [f"decoder.blocks.{i}.upconv.{p}" for i in range(3) for p in ("weight", "bias")]


def test_another_interpolation_is_refused():
    with pytest.raises(ValueError, match="the decoder has bilinear"):
        learned_upsampling(model(decoder_interpolation="bilinear"))


def what_the_decoder_gets(changed: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The bottom and the two skips that reach the decoder's blocks."""
    seen: list[torch.Tensor] = []

    def note(block: Any, args: Any, kwargs: Any) -> None:
        seen.extend([args[0], kwargs["skip_connection"]] if not seen else [kwargs["skip_connection"]])

    handles = [b.register_forward_pre_hook(note, with_kwargs=True) for b in changed.decoder.blocks[:2]]
    changed(images(64, 64))
    for handle in handles:
        handle.remove()
    return seen[0], seen[1], seen[2]


def test_dropout_acts_on_the_last_two_maps_in_training():
    changed: Any = dropout_at_the_bottom(model(), 0.25)
    features = changed.encoder(images(64, 64))
    bottom, last, earlier = what_the_decoder_gets(changed)
    for got, whole in ((bottom, features[-1]), (last, features[-2])):
        kept = got != 0
        torch.testing.assert_close(got[kept], whole[kept] / 0.75)
        assert (got[whole != 0] == 0).double().mean().item() == pytest.approx(0.25, abs=0.02)
    torch.testing.assert_close(earlier, features[-3])


def test_dropout_is_silent_in_evaluation_even_where_the_encoder_is_frozen():
    plain = model()
    plain.freeze_encoder()
    changed: Any = dropout_at_the_bottom(copy.deepcopy(plain), 0.5)
    torch.testing.assert_close(changed.eval()(images()), plain.eval()(images()), rtol=0, atol=0)
    assert changed.encoder.training  # the library leaves a frozen encoder in the mode that it has


def test_dropout_keeps_the_state_dict_and_survives_a_copy():
    changed: Any = copy.deepcopy(dropout_at_the_bottom(model(), 0.5))
    assert changed.state_dict().keys() == model().state_dict().keys()
    assert not torch.equal(changed(images()), changed(images()))


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(p):
    with pytest.raises(ValueError, match="p from 0 up to 1"):
        dropout_at_the_bottom(model(), p)
