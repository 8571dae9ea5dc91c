"""The contract in its hard cases: two players, a target network, a recurrent layer, packed names. Every proof of each toy
ladder holds, and each mistake that is planted in it is found and named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.toys import chapter, packed, players, recurrent, target
from utils.ladder import Phase
from utils.levels.names import NameTable, pack
from utils.parity.prove import prove

TOYS = {"players": players, "target": target, "recurrent": recurrent, "packed": packed}


@pytest.fixture(params=TOYS)
def toy(request, tmp_path):
    module = TOYS[request.param]
    chapter.write_chapter(tmp_path, module.SOURCES)
    yield module
    chapter.forget_chapter(tmp_path, module.SOURCES)


def failures(report):
    return [f"{f.subject}: {f.what}: {f.message}" for f in report.failures]


def test_every_proof_holds(toy):
    ladder = replace(toy.LADDER, mistakes=())
    report = prove(ladder)
    assert report.ok, failures(report)
    compared = {f.subject.split(",")[0] for f in report.of("levels")}
    assert {"numpy against paper", "pytorch_lowlevel against paper"} <= compared
    assert len(report.of("training")) > 20


def test_planted_mistakes_are_found_and_named(toy):
    assert len(toy.MISTAKES) >= 4
    report = prove(replace(toy.LADDER), proofs=["mistakes"])
    assert report.ok, failures(report)
    assert len(report.findings) == len(toy.MISTAKES)


def test_a_model_acts_without_labels(toy):
    """What the loss alone needs (rewards, labels, targets) is not asked for."""
    ladder = replace(toy.LADDER)
    rng = np.random.default_rng(0)
    params, batch = ladder.init(rng), ladder.batch(rng)
    needed = {"players": ("z",), "target": ("x",), "recurrent": ("x",), "packed": ("tokens",)}[ladder.name]
    found = {
        name: level.start(params).predict({key: batch[key] for key in needed}) for name, level in ladder.levels.items()
    }
    for name, outputs in found.items():
        for key, value in outputs.items():
            np.testing.assert_allclose(value, found["paper"][key], rtol=1e-12, err_msg=f"{name} {key}")


def test_training_continues_from_saved_state(toy):
    """Parameters, buffers and optimizer state are all of it, momentum included."""
    ladder = replace(toy.LADDER)
    rng = np.random.default_rng(0)
    start, batches = ladder.init(rng), [ladder.batch(rng) for _ in range(4)]

    class Momentum(ladder.builders["paper"]):
        def sgd(self, params, lr=0.05):
            import torch

            return torch.optim.SGD(params.values(), lr=lr, momentum=0.9)

        optimizer = sgd

    level = replace(ladder, builders={**ladder.builders, "paper": Momentum}).level("paper")
    whole, first = level.start(start), level.start(start)
    for batch in batches[:2]:
        whole.step(batch)
        first.step(batch)
    second = level.start(first.params())
    second.load_optimizer_state(first.optimizer_state())
    assert first.optimizer_state()
    if ladder.name == "target":
        second.steps = first.steps
    for batch in batches[2:]:
        assert whole.step(batch) == second.step(batch)
    for name, value in whole.params().items():
        np.testing.assert_array_equal(value, second.params()[name])


def test_a_parameter_belongs_to_one_phase(tmp_path):
    chapter.write_chapter(tmp_path, players.SOURCES)
    greedy = replace(players.LADDER, phases=(players.LADDER.phases[0], Phase("generator")))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"phase generator trains what an earlier phase .* trains too: d\.a"):
        greedy.levels["numpy"].run(greedy.init(rng), greedy.batch(rng), training=True)
    chapter.forget_chapter(tmp_path, players.SOURCES)


# ---- the name table ----


def ours():
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(size=shape)
        for name, shape in (("embedding", (3, 5)), ("q.weight", (5, 5)), ("k.weight", (5, 5)))
    }


def test_there_and_back():
    theirs = packed.TABLE.to_theirs(ours())
    assert {name: value.shape for name, value in theirs.items()} == {
        "wte.weight": (3, 5),
        "c_attn": (5, 10),
        "head.weight": (3, 5),
        "scale": (1,),
    }
    np.testing.assert_array_equal(theirs["c_attn"][:, 5:], ours()["k.weight"].T)
    for name, value in packed.TABLE.to_ours(theirs).items():
        np.testing.assert_array_equal(value, ours()[name])
        assert not any(np.shares_memory(value, other) for other in theirs.values())


def test_unequal_shares():
    table = NameTable({"qkv": pack("q", "k", "v", sizes=(4, 2, 2))})
    arrays = {"q": np.ones((4, 3)), "k": np.full((2, 3), 2.0), "v": np.full((2, 3), 3.0)}
    for name, value in table.to_ours(table.to_theirs(arrays)).items():
        np.testing.assert_array_equal(value, arrays[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("c_attn"), "missing c_attn, not used none"),
        (lambda t: t.update(extra=np.ones(1)), "missing none, not used extra"),
        (lambda t: t.update({"head.weight": np.ones((3, 5))}), "head.weight is a parameter of its own"),
        (lambda t: t.update(scale=np.full(1, 2.0)), "scale is not the constant"),
        (lambda t: t.update(scale=np.ones((2, 1))), "scale is not the constant"),
        (
            lambda t: t.update({"wte.weight": np.ones((4, 5)), "head.weight": np.ones((4, 5))}),
            r"embedding has shape \(4, 5\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_name(change, message):
    theirs = packed.TABLE.to_theirs(ours())
    change(theirs)
    with pytest.raises(KeyError, match=message):
        packed.TABLE.to_ours(theirs, shapes={name: p.shape for name, p in ours().items()}, error=KeyError)


def test_a_table_names_each_of_ours_once():
    with pytest.raises(ValueError, match="maps a twice"):
        NameTable({"x": "a", "y": pack("a", "b")})
    with pytest.raises(ValueError, match=r"does not fit the parameters: q\.weight"):
        packed.TABLE.to_theirs({name: p for name, p in ours().items() if name != "q.weight"})
