"""The command `rungs`: every command once, bad input, and what a reader sees."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import rungs.errors
import rungs.pages.blocks
import rungs.pages.refresh
import rungs.reading.symbols
import rungs.running.threads
import rungs.running.verify
from rungs.app import COMMANDS
from rungs.cli import main
from rungs.running.load import Load
from tests.toys import chapter as toy_chapter
from tests.toys import scale
from tests.toys.scale import toy_ladder
from utils.chapters import ROOT, Chapter
from utils.ladder import Bench, Climb, Deviation, Mistake
from utils.receipts import cores


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Chapter 01 as a tiny chapter of one ladder, so that the tests do not depend on what the chapters hold."""
    toy_chapter.write_chapter(tmp_path, scale.SOURCES)
    test = scale.data(np.random.default_rng(5))
    climb = Climb(
        "random numbers",
        batches=lambda rng, steps: (scale.data(rng) for _ in range(steps)),
        test=lambda: test,
        metric="mean squared error",
        score=lambda trainer, test: float(np.mean((trainer.predict({"x": test["x"]})["y"] - test["y"]) ** 2)),
        steps=12,
    )
    bench = Bench(scale.data, "7 rows of 5", variants={"paper, faster steps": {"lr": 0.5}})
    mistake = Mistake(
        "no tanh",
        "numpy",
        "np.tanh(self.first.forward(x))",
        "self.first.forward(x)",
        "activation second",
        "it is linear then",
    )
    ladder = toy_ladder(mistake, climb=climb, bench=bench)
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: {"toy": ladder})
    monkeypatch.setattr(Chapter, "is_written", property(lambda chapter: chapter.id in ("01", "02")))
    yield ladder
    toy_chapter.forget_chapter(tmp_path, scale.SOURCES)


def run(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", **options}
    return subprocess.run(
        [sys.executable, "-m", "rungs", *arguments], capture_output=True, text=True, env=environment, cwd=ROOT
    )


# ---- how it starts and ends ----


def test_the_map_comes_at_once():
    code = (
        "import sys; from rungs.cli import main; status = main([]);"
        "heavy = {'torch', 'sklearn', 'matplotlib', 'pydantic', 'numpy', 'typer', 'scipy'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    before = os.times()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    after = os.times()
    assert done.returncode == 0, done.stderr
    # Processor time, since other tests run beside this one: 0.2 on a free machine.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1.0
    assert "LeNet-5" in done.stdout
    assert "Next" in done.stdout


CALLS = """
import contextlib, json, os, sys
from rungs.app import COMMANDS
from rungs.cli import main
loaded = []
for arguments in json.loads(sys.argv[1]):
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
        main(arguments)
    commands = [name for name, (package, _) in COMMANDS.items() if f"rungs.{package}.{name}" in sys.modules]
    loaded.append([commands, sorted({"torch", "sklearn", "matplotlib", "numpy"} & set(sys.modules))])
print(json.dumps(loaded))
"""


def test_help_and_errors_load_the_command_alone_and_no_library():
    """One process makes all calls, so that each line has the commands of those before it too."""
    calls = {
        "--version": [],
        "hint 99.9": ["hint"],
        "climb 99": ["climb"],
        "verify lenett": ["verify"],
        "train 03 --bad": ["train"],
        "--help": COMMANDS,
    }
    lines = json.dumps([line.split() for line in calls])
    done = subprocess.run([sys.executable, "-c", CALLS, lines], capture_output=True, text=True, cwd=ROOT, check=True)
    known = set()
    for line, (commands, libraries) in zip(calls, json.loads(done.stdout), strict=True):
        known |= set(calls[line])
        assert (set(commands), libraries) == (known, []), line


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rungs 0.")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"Example: rungs {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cilmb"], "No such command 'cilmb'. Did you mean 'climb'?"),
        (["climb", "99"], "no chapter '99'"),
        (["climb", "lenett"], "did you mean 03 (LeNet-5)?"),
        (["climb", "05"], "chapter 05 (ResNet) is planned and not written yet; written: 01, 02"),
        (["climb", "01", "--ladder", "toi"], "chapter 01 has no ladder 'toi'; did you mean 'toy'? (there: toy)"),
        (["climb", "--steps", "0"], "greater than or equal to 1"),
        (["climb", "--steps", "many"], "--steps"),
        (["climb", "--out", "figure.gif"], "--out must end in .svg or .png, got 'figure.gif'"),
        (["verify", "01", "--level", "numby"], "no level 'numby'; did you mean 'numpy'?"),
        (["verify", "all", "--ladder", "toy"], "--ladder names a model of one chapter"),
        (["verify", "--mine", "my_work/toy.py"], "--mine puts your file in the place of one chapter's level"),
        (["verify", "--seeds", "0"], "greater than or equal to 1"),
        (["train", "01", "--config", "tiny"], "has no training script"),
        (["reproduce", "01"], "nothing to reproduce"),
        (
            ["reproduce", "01", "--seeds", "one"],
            "--seeds expects numbers with commas between, such as 0,1,2; got 'one'",
        ),
        (["reproduce", "01", "--seeds", "1,1"], "different numbers"),
        (["read", "01"], "has no production reading"),
        (["--json", "climb"], "put --json behind the command"),
        (["bench", "01", "--threads", "0"], "greater than or equal to 1"),
        (["bench", "01", "--threads", "1000000"], f"at most {cores()}, the cores that Rungs can use here, got 1000000"),
    ],
)
def test_bad_input_is_one_clear_message(toys, arguments, message, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.startswith("error: ")
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_debug_shows_the_traceback():
    with pytest.raises(rungs.errors.RungsError):
        main(["climb", "99", "--debug"])


def test_a_fault_of_ours_keeps_its_traceback(toys, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("utils.ladder.load_ladders", broken)
    with pytest.raises(ZeroDivisionError):
        main(["climb"])


def test_errors_of_the_helpers_are_the_readers_to_mend():
    from utils.config import ConfigError
    from utils.data_loaders import DataError
    from utils.errors import sentence

    assert sentence(DataError("no file")) == ("no file", 2)
    assert sentence(ConfigError("no key")) == ("no key", 2)
    assert sentence(rungs.errors.Failed("red")) == ("red", 1)
    assert sentence(PermissionError(13, "Permission denied", "a/b")) == ("'a/b': Permission denied", 2)
    assert sentence(OSError(28, "No space left on device")) == (
        "the output cannot be written: No space left on device",
        2,
    )
    assert sentence(FileNotFoundError(2, "No such file or directory", "a")) is None
    assert sentence(PermissionError("denied, says a library")) == ("denied, says a library", 2)
    assert sentence(MemoryError()) == ("there is not enough memory for this; a smaller model, batch or beam may fit", 2)
    assert sentence(ValueError("ours")) is None


FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has a device that is always full")


@FULL
@pytest.mark.parametrize("arguments", [[], ["exercises"], ["--help"], ["--version"]])
def test_output_that_cannot_be_written_is_one_clear_message(arguments):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "rungs", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("arguments", [["exercises"], ["--help"]])
def test_an_ascii_terminal(arguments):
    done = run(*arguments, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
@pytest.mark.parametrize("arguments", [[], ["exercises"]])
def test_a_stopped_command_puts_things_in_order(name, status, arguments, tmp_path):
    waits = (
        "import sys, time, rungs.map\n"
        "from rungs.cli import main\n"
        "def wait():\n"
        "    try:\n"
        "        print('waiting', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        f"        open({str(tmp_path / 'tidy')!r}, 'w').close()\n"
        "import rungs.exercise.exercises\n"
        "rungs.map.show_map = lambda **_: wait()\n"
        "rungs.exercise.exercises.exercises = wait\n"
        f"sys.exit(main({arguments}))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", waits], text=True, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (status, "stopped\n")
    assert (tmp_path / "tidy").exists()


@pytest.mark.parametrize("where", ["file/c.svg", "folder.svg", "x" * 5000 + ".svg"])
def test_climb_tries_the_place_of_its_figure_first(toys, where, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.svg").mkdir()
    monkeypatch.setattr("rungs.running.tracks.train", lambda *_: pytest.fail("it trains"))
    assert main(["climb", "--out", str(tmp_path / where)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1


# ---- the map ----


def test_the_map_as_json():
    done = run("--json")
    shown = json.loads(done.stdout)
    assert [chapter["id"] for chapter in shown["chapters"]][:3] == ["01", "02", "03"]
    assert shown["next"]["command"].startswith("rungs ")


@pytest.mark.parametrize("width", [40, 60, 200])
def test_the_map_fits_the_terminal(width):
    lines = run(COLUMNS=str(width)).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert any("gan" in line for line in lines)


def test_the_map_in_plain_ascii():
    assert run(PYTHONIOENCODING="ascii").stdout.isascii()


# ---- climb ----


def test_climb_trains_every_level_alike(toys, tmp_path, capsys):
    assert main(["climb", "--json", "--out", str(tmp_path / "curves.svg")]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert list(shown["levels"]) == ["numpy", "pytorch_lowlevel", "paper"]
    for level in shown["levels"].values():
        assert level["losses"] == pytest.approx(shown["levels"]["numpy"]["losses"], rel=1e-12)
        assert level["difference"] < 1e-12
    assert (tmp_path / "curves.svg").read_text().startswith("<?xml")


def test_climb_depends_on_nothing_but_its_seed(toys, tmp_path, capsys):
    def losses(seed: str) -> list[float]:
        assert main(["climb", "--seed", seed, "--json", "--out", str(tmp_path / "c.svg")]) == 0
        return json.loads(capsys.readouterr().out)["levels"]["numpy"]["losses"]

    assert losses("3") == losses("3") != losses("4")


def test_climb_without_a_terminal_shows_the_table_once(toys, tmp_path, capsys):
    assert main(["climb", "--steps", "4", "--out", str(tmp_path / "c.png")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("step 4/4") == 1
    assert "step 3/4" not in shown
    assert "\x1b" not in shown


def test_climb_stops_when_a_loss_is_not_finite(toys, tmp_path, monkeypatch, capsys):
    from dataclasses import replace

    wild = replace(toys, climb=replace(toys.climb, options={"lr": 1e200}))
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: {"toy": wild})
    with np.errstate(all="ignore"):
        assert main(["climb", "--out", str(tmp_path / "c.svg")]) == 1
    assert "at step" in capsys.readouterr().err
    assert not (tmp_path / "c.svg").exists()


# ---- verify ----


def test_verify_is_green_and_says_what_it_compared(toys, capsys):
    assert main(["verify", "01", "--seeds", "2"]) == 0
    shown = capsys.readouterr().out
    for title in (
        "central differences",
        "torch operations",
        "whole model",
        "10 training steps",
        "planted mistakes",
    ):
        assert title in shown
    assert "failed" not in shown


def test_verify_as_json(toys, capsys):
    assert main(["verify", "01", "--seeds", "1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"]
    assert {row["proof"] for row in shown["ladders"][0]["summary"]} >= {"gradients", "levels", "training", "mistakes"}


def test_verify_names_the_first_divergence_first(toys, monkeypatch, capsys):
    class Half(scale.NumpyScale):
        def loss(self, model, outputs, batch):
            loss, backward = super().loss(model, outputs, batch)
            return loss / 2, backward

    broken = toy_ladder(builders={**toys.builders, "numpy": Half})
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: {"toy": broken})
    assert main(["verify", "01", "--seeds", "1"]) == 1
    shown = capsys.readouterr()
    assert "first divergence  loss  (numpy against paper" in shown.out
    assert "loss at step 0" in shown.out
    assert "loss at step 1" not in shown.out  # every later loss differs too
    assert "toy: " in shown.err


def test_trace_lists_every_tensor(toys, capsys):
    assert main(["verify", "01", "--seeds", "1", "--trace"]) == 0
    shown = capsys.readouterr().out
    for tensor in ("activation first", "activation second", "gradient first.a", "input gradient x", "loss at step 0"):
        assert tensor in shown


def test_trace_begins_with_what_failed(toys, monkeypatch, capsys):
    class Wrong(scale.NumpyScale):
        def forward(self, model, batch, training):
            return {"y": 2.0 * super().forward(model, batch, training)["y"]}

    broken = toy_ladder(builders={**toys.builders, "numpy": Wrong})
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: {"toy": broken})
    assert main(["verify", "01", "--seeds", "1", "--trace"]) == 1
    table = capsys.readouterr().out.partition("tensor")[2]
    assert table.index("output y") < table.index("activation first")  # which is computed earlier, and is equal


def test_a_run_that_compared_nothing_is_not_green(toys, monkeypatch, capsys):
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: {})
    assert main(["verify", "01", "--json"]) == 1
    shown = capsys.readouterr()
    assert not json.loads(shown.out)["ok"]
    assert "nothing was proved" in shown.err


def test_only_one_level(toys, capsys):
    assert main(["verify", "01", "--seeds", "1", "--level", "lowlevel", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["ladders"][0]["findings"]
    assert any(f["subject"].startswith("pytorch_lowlevel against") for f in findings)
    assert not any(f["subject"].startswith("numpy against") for f in findings)


def test_numbers_that_json_does_not_know_become_null():
    assert rungs.running.verify.finite({"a": [float("nan"), 1.0, (float("inf"),)]}) == {"a": [None, 1.0, [None]]}


# ---- train ----


@pytest.fixture
def script(toys, monkeypatch, tmp_path):
    """A training script that remembers how it was called."""
    from dataclasses import replace

    from pydantic import Field

    from utils.config import Config

    class ToyConfig(Config):
        lr: float = Field(0.1, gt=0, description="section 1")
        epochs: int = Field(1, ge=1, description="section 2")

    calls = []

    def train(config, folder, *, level="paper", resume=False):
        calls.append(SimpleNamespace(config=config, folder=folder, level=level, resume=resume))
        return {"test error": 0.25}

    monkeypatch.setitem(sys.modules, "train_toy", SimpleNamespace(main=train, CONFIG=ToyConfig, __name__="train_toy"))
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: {"toy": replace(toys, train_script="train_toy")})
    monkeypatch.setattr(Chapter, "path", property(lambda chapter: tmp_path))
    configs = tmp_path / "paper" / "configs"
    configs.mkdir(parents=True)
    (configs / "tiny.yaml").write_text("# seconds, embedded data\nepochs: 2\n")
    return calls


def test_train_hands_everything_to_the_script(script, tmp_path, capsys):
    arguments = [
        "train",
        "01",
        "--config",
        "tiny",
        "--level",
        "low",
        "--set",
        "lr=0.5",
        "--out",
        str(tmp_path / "run"),
        "--resume",
    ]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"] == {"test error": 0.25}
    (call,) = script
    assert (call.config.lr, call.config.epochs) == (0.5, 2)
    assert (call.level, call.resume, call.folder) == ("pytorch_lowlevel", True, tmp_path / "run")


def test_the_first_ladder_that_is_trained_is_taken(script, toys, monkeypatch, capsys):
    """A chapter's first ladders may be parts of its model, such as one layer."""
    from dataclasses import replace

    ladders = {"layer": replace(toys, name="layer"), "toy": replace(toys, train_script="train_toy")}
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: ladders)
    assert main(["train", "01", "--config", "tiny"]) == 0 and len(script) == 1
    assert main(["train", "01", "--config", "tiny", "--ladder", "layer"]) == 2
    assert "ladder 'layer' of chapter 01 has no training script" in capsys.readouterr().err


def test_other_settings_are_another_run(script, capsys):
    assert main(["train", "01", "--config", "tiny"]) == 0
    assert main(["train", "01", "--config", "tiny", "--set", "lr=0.5"]) == 0
    assert script[0].folder != script[1].folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "tini"], "did you mean 'tiny'?"),
        (["--config", "tiny", "--set", "lrr=1"], "unknown key 'lrr'; did you mean 'lr'?"),
        (["--config", "tiny", "--set", "lr=-1"], "lr = -1: input should be greater than 0"),
        (["--config", "tiny", "--set", "lr"], "not of the form key=value"),
        (["--config", "tiny", "--level", "production"], "no level 'production'"),
    ],
)
def test_bad_settings(script, arguments, message, capsys):
    assert main(["train", "01", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not script


def test_train_without_a_configuration_lists_them(script, capsys):
    assert main(["train", "01"]) == 0
    assert "tiny  seconds, embedded data" in capsys.readouterr().out


def test_a_configuration_of_another_ladder_is_refused(script, tmp_path, monkeypatch, capsys):
    from utils.config import Config

    class Of(Config):
        ladder: str = "other"

    monkeypatch.setattr(sys.modules["train_toy"], "CONFIG", Of)
    (tmp_path / "paper" / "configs" / "other.yaml").write_text("ladder: other\n")
    assert main(["train", "01", "--ladder", "toy", "--config", "other"]) == 2
    assert "configuration other trains ladder 'other', not 'toy'" in capsys.readouterr().err


# ---- reproduce ----


@pytest.mark.parametrize(("value", "status"), [(0.9, 0), (1.5, 1)])
def test_reproduce_says_whether_the_target_was_met(script, tmp_path, monkeypatch, capsys, value, status):
    from utils.receipts import Target, new_receipt

    def reproduce(folder, *, seeds=(0, 1, 2), only=None):
        return [
            new_receipt(
                name="toy", chapter="01", ladder="toy", level="paper", title="toy", metric="test error", unit="%",
                values=dict.fromkeys(seeds, value), paper_value=0.95, paper_where="table 1", dataset="none", steps=1,
                wall_time_s=dict.fromkeys(seeds, 1.0), config={}, target=Target(text="at most 1 %", high=1.0),
            )
        ]  # fmt: skip

    monkeypatch.setattr(sys.modules["train_toy"], "reproduce", reproduce, raising=False)
    monkeypatch.setattr("rungs.pages.refresh.pages", list)
    monkeypatch.setattr("rungs.pages.refresh.pictures", list)
    assert main(["reproduce", "01", "--seeds", "0,4"]) == status
    shown = capsys.readouterr()
    assert "paper 0.95 %" in shown.out
    assert ("target NOT met" in shown.out) == bool(status)
    assert main(["reproduce", "01", "--only", "nothing"]) == 2
    assert "has no result 'nothing'" in capsys.readouterr().err


# ---- bench ----


def test_bench_gives_ratios_to_the_paper_level(toys, capsys):
    assert main(["bench", "01", "--rounds", "3", "--threads", "1", "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["contenders"]["paper"]["ratio"] == 1.0
    assert {"NumPy", "low-level PyTorch", "paper", "itself", "paper, faster steps"} == set(shown["contenders"])
    assert shown["threads"] == 1
    assert shown["ratio_of"] == "CPU time"
    for contender in shown["contenders"].values():
        assert contender["cpu_ms"] > 0.0
        assert contender["median_ms"] > 0.0


@pytest.mark.parametrize(
    ("threads", "load", "says"),
    [
        (1, Load(others=0.02, waiting=0.01), None),
        (1, Load(others=0.5, waiting=0.3), "The ratios are of CPU times"),
        (2, Load(others=0.5, waiting=0.0), "with --threads 1"),
    ],
)
def test_bench_tells_that_the_machine_was_busy(toys, threads, load, says, monkeypatch, capsys):
    monkeypatch.setattr("utils.receipts.cores", lambda: 2)
    monkeypatch.setattr("rungs.running.load.LoadMeter.read", lambda meter: load)
    assert main(["bench", "01", "--rounds", "1", "--threads", str(threads), "--json"]) == 0
    shown = capsys.readouterr()
    (report,) = json.loads(shown.out)
    assert report["load"] == {"others": load.others, "waiting": load.waiting, "busy": says is not None}
    warning = " ".join(shown.err.split())
    assert ("The machine was busy: other processes took 50% of its cores" in warning) == (says is not None)
    assert (says or "") in warning


def test_bench_writes_a_receipt_that_pages_can_show(toys, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("rungs.running.bench.ROOT", tmp_path)
    monkeypatch.setattr("rungs.pages.blocks.ROOT", tmp_path)
    assert main(["bench", "01", "--rounds", "1", "--threads", "1", "--write"]) == 0
    receipt = json.loads((tmp_path / "benchmarks" / "01-toy-1t.json").read_text())
    assert {"hardware", "versions", "commit", "contenders"} <= receipt.keys()
    assert f"Receipt: {os.path.join('benchmarks', '01-toy-1t.json')}" in capsys.readouterr().out
    shown = rungs.pages.blocks.benchmarks_block(tmp_path / "docs" / "page.md")
    assert "| [toy](../benchmarks/01-toy-1t.json) | one training step, 7 rows of 5, float32 | 1 | NumPy |" in shown


def test_bench_gives_the_threads_back(toys):
    import torch

    before = torch.get_num_threads()
    with rungs.running.threads.same_threads(before + 1) as count:
        assert torch.get_num_threads() == count == before + 1
    assert torch.get_num_threads() == before


# ---- doctor, read, refresh ----


def test_doctor_knows_what_is_here(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RUNGS_DATA", str(tmp_path))
    assert main(["doctor", "--json"]) == 0
    lines = {line["what"]: line for line in json.loads(capsys.readouterr().out)}
    assert lines["torch"]["verdict"] in ("good", "note")
    assert lines["digits"]["found"] == "embedded"
    assert lines["mnist"]["verdict"] == "note"
    assert "fetched when first used" in lines["mnist"]["advice"]
    assert lines["folder"]["verdict"] == "good"


def test_doctor_fails_on_a_folder_that_cannot_be_used(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RUNGS_DATA", str(tmp_path / "file" / "data"))
    assert main(["doctor"]) == 1
    shown = capsys.readouterr()
    assert "is a file, not a folder" in shown.out
    assert "not in order: folder" in shown.err


def test_read_tells_whether_the_code_has_moved(monkeypatch, tmp_path, capsys):
    import inspect
    import textwrap

    right = rungs.reading.symbols.fingerprint(inspect.getsource(textwrap.dedent))
    anchors = [
        {"symbol": "textwrap.dedent", "sha256": right, "note": "same"},
        {"symbol": "textwrap.TextWrapper.wrap", "sha256": "0", "note": "changed"},
        {"symbol": "textwrap.nothing", "sha256": "0"},
    ]
    (tmp_path / "production").mkdir()
    (tmp_path / "production" / "anchors.json").write_text(json.dumps({"versions": {"typer": "1"}, "anchors": anchors}))
    monkeypatch.setattr(Chapter, "path", property(lambda chapter: tmp_path))
    monkeypatch.setattr(Chapter, "is_written", True)
    assert main(["read", "01", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["anchors"]
    assert [anchor["state"] for anchor in shown] == ["as read", "moved on", "gone"]
    assert shown[0]["file"].endswith("textwrap.py")
    assert shown[0]["line"] > 100


def test_refresh_rewrites_blocks_and_nothing_else(toys, monkeypatch):
    from dataclasses import replace

    pinned = Deviation("ReLU | tanh", "the paper\nsays so", "tests/test_cli.py::test_version")
    monkeypatch.setattr("utils.ladder.load_ladders", lambda chapter: {"toy": replace(toys, deviations=(pinned,))})
    page = ROOT / "01_Linear_Logistic" / "README.md"
    text = "before\n\n<!-- generated: deviations -->\nold\n<!-- /generated -->\n\nafter\n"
    fresh = rungs.pages.refresh.renewed(text, page)
    assert fresh.startswith("before\n")
    assert fresh.endswith("\nafter\n")
    assert "| ReLU \\| tanh | the paper says so | [`test_version`](../tests/test_cli.py) |" in fresh
    assert rungs.pages.refresh.renewed(fresh, page) == fresh


def test_refresh_leaves_examples_alone_and_refuses_unknown_blocks():
    fenced = "```\n<!-- generated: nothing -->\n<!-- /generated -->\n```\n"
    assert rungs.pages.refresh.renewed(fenced, ROOT / "README.md") == fenced
    with pytest.raises(rungs.errors.RungsError, match="no generated block 'nothing'"):
        rungs.pages.refresh.renewed("<!-- generated: nothing -->\n<!-- /generated -->\n", ROOT / "README.md")


def test_every_generated_block_is_up_to_date(capsys):
    assert main(["refresh", "--check"]) == 0, capsys.readouterr().err


# ---- details ----


def test_a_file_may_stand_behind_mine():
    from rungs.cli import _mine_takes_a_file

    assert _mine_takes_a_file(["verify", "03", "--mine", "a.py"]) == ["verify", "03", "--mine", "--file", "a.py"]
    assert _mine_takes_a_file(["verify", "--mine", "03"]) == ["verify", "--mine", "03"]
    assert _mine_takes_a_file(["verify", "--mine=a.py", "03"]) == ["verify", "--mine", "--file", "a.py", "03"]
