"""What the Transformer translates: dates written in many ways to ISO 8601, and the captions of Multi30k.

The dates are made by a generator and need no file: "Saturday, the third of May 1997" becomes "1997-05-03". There are two
formats of the source, English and German, so that a model of one can be tuned to the other.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from bpe_numpy import BOS, EOS, PAD, BytePairEncoder

from utils.config import ConfigError
from utils.data_loaders import load_dataset
from utils.ladder import Batch
from utils.training_utils import streams

Format = Literal["english", "german"]
Task = Literal["dates-english", "dates-german", "multi30k"]
Encoded = list[list[int]]

# Numbers in words


def words(text: str) -> list[str]:
    return text.split()


ENGLISH = words("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen")
ENGLISH += words("seventeen eighteen nineteen")
TENS = words("ten ten twenty thirty forty fifty sixty seventy eighty ninety")
IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
IRREGULAR |= {"twelve": "twelfth"}
MONTHS = words("January February March April May June July August September October November December")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

GERMAN = words(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
)
GERMAN += words("siebzehn achtzehn neunzehn")
GERMAN_TENS = words("zehn zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
GERMAN_IRREGULAR = {1: "erste", 3: "dritte", 7: "siebte", 8: "achte"}
GERMAN_MONTHS = words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
GERMAN_DAYS = words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag")


def english_number(n: int) -> str:
    """0 to 99 in words: "twenty-one"."""
    return ENGLISH[n] if n < 20 else TENS[n // 10] + (f"-{ENGLISH[n % 10]}" if n % 10 else "")


def english_ordinal(n: int) -> str:
    """1 to 31: "twenty-first"."""
    *before, last = english_number(n).split("-")
    end = IRREGULAR.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return "-".join([*before, end])


def english_year(year: int) -> str:
    """1900 to 2099: "nineteen oh five", "two thousand and one", "twenty fifteen"."""
    century, rest = divmod(year, 100)
    if year in range(2000, 2010):
        return "two thousand" + (f" and {english_number(rest)}" if rest else "")
    if rest < 10:
        return f"{english_number(century)} " + (f"oh {english_number(rest)}" if rest else "hundred")
    return f"{english_number(century)} {english_number(rest)}"


def german_number(n: int) -> str:
    """0 to 99 in words: "einundzwanzig"."""
    if n < 20 or n % 10 == 0:
        return GERMAN[n] if n < 20 else GERMAN_TENS[n // 10]
    return f"{'ein' if n % 10 == 1 else GERMAN[n % 10]}und{GERMAN_TENS[n // 10]}"


def german_ordinal(n: int) -> str:
    """1 to 31, as it stands behind "der": "einundzwanzigste"."""
    return GERMAN_IRREGULAR.get(n) or german_number(n) + ("te" if n < 20 else "ste")


def german_year(year: int) -> str:
    """1900 to 2099: "neunzehnhundertfünf", "zweitausendeins"."""
    century, rest = divmod(year, 100)
    return ("neunzehnhundert" if century == 19 else "zweitausend") + (german_number(rest) if rest else "")


def suffixed(n: int) -> str:
    """1 to 31: "21st"."""
    return f"{n}{'th' if n in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


# --8<-- [start:forms]
# Each form writes a date d in its own way.
FORMS: dict[Format, tuple[Callable[[datetime.date], str], ...]] = {
    "english": (
        lambda d: f"the {english_ordinal(d.day)} of {MONTHS[d.month - 1]} {d.year}",
        lambda d: f"the {english_ordinal(d.day)} of {MONTHS[d.month - 1]} {english_year(d.year)}",
        lambda d: f"{MONTHS[d.month - 1]} the {english_ordinal(d.day)}, {english_year(d.year)}",
        lambda d: f"{DAYS[d.weekday()]}, the {english_ordinal(d.day)} of {MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{DAYS[d.weekday()]}, {MONTHS[d.month - 1]} {suffixed(d.day)}, {english_year(d.year)}",
        lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
        lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{suffixed(d.day)} of {MONTHS[d.month - 1]}, {d.year}",
        lambda d: f"{DAYS[d.weekday()][:3]} {d.day} {MONTHS[d.month - 1][:3]} {d.year}",
        lambda d: f"{d.year} {MONTHS[d.month - 1][:3].upper()} {d.day:02d}",
        lambda d: f"{d.month}/{d.day}/{d.year}",
    ),
    "german": (
        lambda d: f"der {german_ordinal(d.day)} {GERMAN_MONTHS[d.month - 1]} {d.year}",
        lambda d: f"am {german_ordinal(d.day)}n {GERMAN_MONTHS[d.month - 1]} {german_year(d.year)}",
        lambda d: (
            f"{GERMAN_DAYS[d.weekday()]}, der {german_ordinal(d.day)} {GERMAN_MONTHS[d.month - 1]} {german_year(d.year)}"
        ),
        lambda d: f"{GERMAN_DAYS[d.weekday()]}, den {d.day}. {GERMAN_MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{d.day}. {GERMAN_MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{GERMAN_DAYS[d.weekday()][:2]}, {d.day}. {GERMAN_MONTHS[d.month - 1][:3]} {d.year}",
        lambda d: f"{d.day}.{d.month}.{d.year}",
    ),
}
# --8<-- [end:forms]

FIRST, LAST = datetime.date(1900, 1, 1).toordinal(), datetime.date(2099, 12, 31).toordinal()
TRAIN_DATES, TEST_DATES = 20_000, 2_000


@dataclass(frozen=True)
class Pairs:
    """Sentences and their translations."""

    sources: list[str]
    targets: list[str]
    about: str  # for receipts: what this is, exactly

    def __len__(self) -> int:
        return len(self.sources)


def held_out(day: datetime.date) -> bool:
    """Every eleventh day of the calendar is for testing only, in whatever form it is written."""
    return day.toordinal() % 11 == 0


def make_dates(kind: Format, count: int, rng: np.random.Generator, *, test: bool = False) -> Pairs:
    """`count` dates from 1900 to 2099, each in a form drawn at random; those that `held_out` names only with `test`."""
    if kind not in FORMS:
        raise ValueError(f"dates are written in one of {', '.join(FORMS)}, got {kind!r}")
    sources, targets = [], []
    while len(sources) < count:
        day = datetime.date.fromordinal(int(rng.integers(FIRST, LAST + 1)))
        form = FORMS[kind][int(rng.integers(len(FORMS[kind])))]
        if held_out(day) == test:
            sources.append(form(day))
            targets.append(day.isoformat())
    return Pairs(
        sources, targets, f"dates from a seeded generator, {kind}, {'test' if test else 'train'}: {count:,} pairs"
    )


def load_pairs(task: Task, split: str = "train", *, examples: int | None = None) -> Pairs:
    """A split of a task: "train", "val" or "test". Dates are the same in every run; Multi30k is lower-cased, German first.

    Args:
        examples: only the first so many.
    """
    if task == "multi30k":
        data = load_dataset("multi30k", split)
        german, english = ([str(text).lower() for text in data.arrays[name][:examples]] for name in ("de", "en"))
        return Pairs(german, english, data.source + (f", the first {examples:,}" if examples else ""))
    kind: Format = "english" if task == "dates-english" else "german"
    if split not in ("train", "val", "test"):
        raise ValueError(f"{task} has the splits train, val and test, got {split!r}")
    count = examples or (TRAIN_DATES if split == "train" else TEST_DATES)
    return make_dates(kind, count, streams(0, f"{kind} {split}")[f"{kind} {split}"], test=split != "train")


# Tokens


# --8<-- [start:coder]
def make_coder(task: Task, train: Pairs, vocabulary: int) -> BytePairEncoder:
    """One byte-pair encoding of both languages, since the embedding is shared (section 5.1).

    That of the dates is learned from the sources of both formats, whichever of them the task is, so that a model of one
    can read the other; not from the targets, which would become whole years.
    """
    if task == "multi30k":
        return BytePairEncoder.train([*train.sources, *train.targets], vocabulary)
    return date_coder(vocabulary)


@cache
def date_coder(vocabulary: int = 600) -> BytePairEncoder:
    """The encoding of all dates, English and German."""
    both = [load_pairs("dates-english"), load_pairs("dates-german")]
    return BytePairEncoder.train([text for pairs in both for text in pairs.sources], vocabulary)


# --8<-- [end:coder]


def encode_pairs(pairs: Pairs, coder: BytePairEncoder) -> tuple[Encoded, Encoded]:
    """Ids of sources, each ended by EOS, and of targets, bare."""
    return [[*coder.encode(text), EOS] for text in pairs.sources], [coder.encode(text) for text in pairs.targets]


# --8<-- [start:batch]
def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Rows of ids, filled up with PAD to the length of the longest. Returns: int64 (B, longest)"""
    out = np.full((len(rows), max(map(len, rows), default=0)), PAD, dtype=np.int64)
    for row, ids in zip(out, rows, strict=True):
        row[: len(ids)] = ids
    return out


def make_batch(sources: Encoded, targets: Encoded) -> Batch:
    """source (B, S); target (B, T), which begins with BOS; labels (B, T), the same one position later, with EOS."""
    return {
        "source": padded(sources),
        "target": padded([[BOS, *ids] for ids in targets]),
        "labels": padded([[*ids, EOS] for ids in targets]),
    }


# --8<-- [end:batch]


# --8<-- [start:token_batches]
class TokenBatches:
    """Batches of sentences of similar length, each of about as many tokens (section 5.1), epoch after epoch.

    Iteration, `epoch`, `state` and `load_state` are those of `utils.training_utils.Batches`.

    Args:
        sources, targets: ids, as `encode_pairs` gives them.
        tokens: the most positions of source and target together in a batch, padding counted.
        rng: draws the order of each epoch when the epoch begins.

    Raises:
        ValueError: no pairs, or not as many targets as sources.
        ConfigError: a pair that is longer than `tokens`.
    """

    def __init__(self, sources: Encoded, targets: Encoded, tokens: int, rng: np.random.Generator) -> None:
        if len(sources) != len(targets) or not sources:
            raise ValueError(f"batches expect as many sources as targets, got {len(sources)} and {len(targets)}")
        self.sources, self.targets, self.tokens, self.rng = sources, targets, tokens, rng
        self.lengths = np.array([(len(s), len(t) + 1) for s, t in zip(sources, targets, strict=True)])  # (N, 2)
        if (longest := int(self.lengths.sum(1).max())) > tokens:
            raise ConfigError(f"tokens = {tokens}: a batch has room for so many, but one pair alone has {longest}")
        self.epoch, self.position = 0, 0
        self.order: np.ndarray | None = None  # (2, N): the pairs in their order, and the number of each one's batch

    def draw(self) -> np.ndarray:
        """The order of an epoch: sorted by length, equal lengths at random; cut where a batch is full; batches shuffled."""
        rows = self.rng.permutation(len(self.sources))
        rows = rows[np.lexsort(self.lengths[rows].T)]  # by target, then by source
        cuts, widest = [0], np.zeros(2, dtype=int)
        for i, row in enumerate(rows):
            widest = np.maximum(widest, self.lengths[row])
            if widest.sum() * (i + 1 - cuts[-1]) > self.tokens:
                cuts.append(i)
                widest = self.lengths[row]
        parts = np.split(rows, cuts[1:])
        parts = [parts[i] for i in self.rng.permutation(len(parts))]
        return np.stack([np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])])

    def __iter__(self) -> Iterator[Batch]:
        if self.order is None:
            self.order = self.draw()
        rows, numbers = self.order
        while self.position < len(rows):
            end = int(np.searchsorted(numbers, numbers[self.position], side="right"))
            chosen = rows[self.position : end]
            self.position = end  # before the batch is given out: a checkpoint comes after its step
            yield make_batch([self.sources[i] for i in chosen], [self.targets[i] for i in chosen])
        self.epoch, self.position, self.order = self.epoch + 1, 0, None

    # --8<-- [end:token_batches]

    def state(self) -> tuple[dict[str, int], np.ndarray | None]:
        """Epoch and position, and the order of an epoch that has begun."""
        return {"epoch": self.epoch, "position": self.position, "count": len(self.sources)}, self.order

    def load_state(self, state: Mapping[str, int], order: np.ndarray | None) -> None:
        if state["count"] != len(self.sources):
            raise ValueError(f"the batches to continue had {state['count']} pairs, these have {len(self.sources)}")
        self.epoch, self.position, self.order = state["epoch"], state["position"], order
