import copy

import segmentation_models_pytorch as smp
import torch


def narrow(rng):
    """A shallow float64 U-Net; torch draws from rng from here on."""
    torch.manual_seed(int(rng.integers(2**31)))
    settings = {"encoder_weights": None, "encoder_depth": 4, "decoder_channels": (11, 9, 7, 5), "classes": 2}
    model = smp.Unet("resnet18", **settings).double()
    del model.encoder.layer4  # unused at depth 4
    return model


def images(rng, height, width):
    return torch.from_numpy(rng.normal(size=(2, 3, height, width)))


def changed_model(t, model, *args):
    changed = t.call("dropout_at_the_bottom", model, *args)
    t.require(
        changed is model, "the function must change the model that it got, and return it", got=repr(type(changed))
    )
    return changed


def handed_on(model, x):
    """What the decoder's blocks get: the bottom, the deepest skip, the next one."""
    seen = []

    def note(block, args, kwargs):
        seen.append((args[0].detach(), kwargs["skip_connection"]))

    handles = [block.register_forward_pre_hook(note, with_kwargs=True) for block in model.decoder.blocks[:2]]
    model(x)
    for handle in handles:
        handle.remove()
    return seen[0][0], seen[0][1].detach(), seen[1][1].detach()


def check_training(t):
    """In training the last two maps are dropped at the rate, and scaled"""
    for args, p in (((0.25,), 0.25), ((), 0.5)):
        model, x = narrow(t.rng), images(t.rng, 64, 64)
        whole = [features.detach() for features in copy.deepcopy(model).encoder(x)]
        changed = changed_model(t, model, *args)
        bottom, last, earlier = handed_on(changed, x)
        for what, got, features in (("the bottom", bottom, whole[-1]), ("the deepest skip", last, whole[-2])):
            kept = got != 0
            t.equal(got[kept], features[kept] / (1 - p), what=f"what is kept of {what}")
            share = (~kept & (features != 0)).sum() / (features != 0).sum()
            t.between(float(share), p - 0.05, p + 0.05, what=f"the share of {what} that is dropped")
        t.equal(earlier, whole[-3], what="the skip before")


def check_evaluation(t):
    """In evaluation nothing changes"""
    for frozen in (False, True):
        model, x = narrow(t.rng), images(t.rng, 16, 24)
        if frozen:
            model.freeze_encoder()
        changed = changed_model(t, copy.deepcopy(model))
        t.equal(changed.eval()(x).detach(), model.eval()(x).detach(), what="the logits in evaluation mode")


def check_frozen(t):
    """A frozen encoder's maps are dropped in training all the same"""
    model, x = narrow(t.rng), images(t.rng, 64, 64)
    model.eval()
    model.freeze_encoder()
    changed = changed_model(t, model).train()
    share = float((handed_on(changed, x)[0] == 0).double().mean() - (changed.encoder(x)[-1] == 0).double().mean())
    t.require(share > 0.1, "in training mode the decoder must get maps with dropout", got=share)


def check_copies(t):
    """Names stay, and a copy goes by its own mode"""
    model, x = narrow(t.rng), images(t.rng, 32, 32)
    before = list(model.state_dict())
    changed = changed_model(t, model)
    after = list(changed.state_dict())
    t.require(after == before, "the names in the state_dict have changed", got=str(sorted({*after} ^ {*before})[:4]))
    copied = copy.deepcopy(changed).eval()
    t.equal(copied(x).detach(), copied(x).detach(), what="the logits of a copy in evaluation mode, twice")
    copied.train()
    changed.eval()
    t.require(
        not torch.equal(copied(x), copied(x)), "a copy in training mode must drop, though the first model does not"
    )


def check_refusal(t):
    """A rate that is none is refused"""
    model = narrow(t.rng)
    for p in (-0.1, 1.0, 1.5, float("nan")):
        t.raises("dropout_at_the_bottom", model, p)
    for p in (0.0, 0.9):
        t.call("dropout_at_the_bottom", model, p)
