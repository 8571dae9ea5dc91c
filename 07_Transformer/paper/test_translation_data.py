import datetime
import re

import numpy as np
import pytest
from bpe_numpy import BOS, EOS, PAD
from hypothesis import given
from hypothesis import strategies as st
from translation_data import (
    FIRST,
    FORMS,
    LAST,
    Pairs,
    TokenBatches,
    date_coder,
    encode_pairs,
    english_number,
    english_ordinal,
    english_year,
    german_ordinal,
    german_year,
    held_out,
    load_pairs,
    make_batch,
    make_coder,
    make_dates,
    padded,
    suffixed,
)

from utils.config import ConfigError
from utils.data_loaders import Dataset, missing_files


def test_numbers_in_words():
    assert [english_number(n) for n in (0, 13, 20, 85)] == ["zero", "thirteen", "twenty", "eighty-five"]
    ordinals = (
        "first",
        "second",
        "third",
        "fifth",
        "eighth",
        "ninth",
        "twelfth",
        "twentieth",
        "twenty-first",
        "thirtieth",
    )
    assert tuple(english_ordinal(n) for n in (1, 2, 3, 5, 8, 9, 12, 20, 21, 30)) == ordinals
    assert [suffixed(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "31st"]
    )
    years = {1900: "nineteen hundred", 1905: "nineteen oh five", 1997: "nineteen ninety-seven", 2000: "two thousand"}
    years |= {2001: "two thousand and one", 2010: "twenty ten", 2099: "twenty ninety-nine"}
    assert {year: english_year(year) for year in years} == years
    assert [german_ordinal(n) for n in (1, 3, 7, 8, 19, 20, 21, 31)] == (
        ["erste", "dritte", "siebte", "achte", "neunzehnte", "zwanzigste", "einundzwanzigste", "einunddreißigste"]
    )
    assert german_year(1900) == "neunzehnhundert"
    assert german_year(2001) == "zweitausendeins"
    assert german_year(1987) == "neunzehnhundertsiebenundachtzig"


def test_one_date_in_every_form():
    day = datetime.date(1997, 5, 3)
    assert [form(day) for form in FORMS["english"]][:3] == [
        "the third of May 1997",
        "the third of May nineteen ninety-seven",
        "May the third, nineteen ninety-seven",
    ]
    written = [form(day) for form in (*FORMS["english"], *FORMS["german"])]
    assert "Sat 3 May 1997" in written
    assert "Samstag, den 3. Mai 1997" in written
    assert "5/3/1997" in written and "3.5.1997" in written
    assert len(set(written)) == len(FORMS["english"]) + len(FORMS["german"])


@pytest.mark.parametrize("kind", ["english", "german"])
def test_every_form_tells_the_date(kind):
    """Two dates are never written alike in the same form: the answer can be found. All days of four years."""
    days = [datetime.date(1999, 1, 1) + datetime.timedelta(n) for n in range(1461)]
    for form in FORMS[kind]:
        assert len({form(day) for day in days}) == len(days)


def test_dates_are_the_same_in_every_run_and_test_days_are_never_trained_on():
    train, test = load_pairs("dates-english", examples=500), load_pairs("dates-english", "test", examples=300)
    assert load_pairs("dates-english", examples=500) == train
    assert load_pairs("dates-english", "val", examples=300).sources != test.sources
    assert all(re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", target) for target in train.targets)
    assert not any(held_out(datetime.date.fromisoformat(target)) for target in train.targets)
    assert all(held_out(datetime.date.fromisoformat(target)) for target in test.targets)
    share = np.mean([held_out(datetime.date.fromordinal(n)) for n in range(FIRST, LAST + 1)])
    assert share == pytest.approx(1 / 11, abs=1e-4)
    assert "english, test: 300 pairs" in test.about


def test_one_encoding_reads_both_formats():
    coder = date_coder()
    for task in ("dates-english", "dates-german"):
        pairs = load_pairs(task, "test", examples=50)
        assert make_coder(task, pairs, 600) is make_coder("dates-english", pairs, 600)
        sources, targets = encode_pairs(pairs, coder)
        assert all(ids[-1] == EOS for ids in sources)
        assert {len(ids) for ids in targets} == {10}  # one token for each character of an ISO date
        assert [coder.decode(ids) for ids in sources] == pairs.sources
        assert [coder.decode(ids) for ids in targets] == pairs.targets


def test_a_batch_is_shifted_and_padded():
    batch = make_batch([[7, 8, EOS], [9, EOS]], [[4, 5], [6, 7, 8]])
    np.testing.assert_array_equal(batch["source"], [[7, 8, EOS], [9, EOS, PAD]])
    np.testing.assert_array_equal(batch["target"], [[BOS, 4, 5, PAD], [BOS, 6, 7, 8]])
    np.testing.assert_array_equal(batch["labels"], [[4, 5, EOS, PAD], [6, 7, 8, EOS]])
    assert padded([]).shape == (0, 0)
    assert all(array.dtype == np.int64 for array in batch.values())


SENTENCES = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=40)


@given(SENTENCES, st.integers(20, 90), st.integers(0, 5))
def test_an_epoch_has_every_pair_once_in_batches_of_bounded_size(lengths, tokens, seed):
    sources = [[i + 3] * s for i, (s, _) in enumerate(lengths)]
    targets = [[i + 3] * t for i, (_, t) in enumerate(lengths)]
    batches = TokenBatches(sources, targets, tokens, np.random.default_rng(seed))
    seen = []
    for batch in batches:
        assert batch["source"].size + batch["target"].size <= tokens
        seen += batch["source"][:, 0].tolist()
        assert (batch["labels"][:, 0] == batch["source"][:, 0]).all()
    assert sorted(seen) == [i + 3 for i in range(len(lengths))]
    assert batches.epoch == 1 and batches.order is None


def test_batches_hold_similar_lengths_in_a_new_order_each_epoch():
    pairs = load_pairs("dates-english", examples=700)
    sources, targets = encode_pairs(pairs, date_coder())
    batches = TokenBatches(sources, targets, 300, np.random.default_rng(3))
    first, second = list(batches), list(batches)
    padding = np.mean([(batch["source"] == PAD).mean() for batch in first])
    assert padding < 0.05
    assert [b["source"].shape for b in first[:9]] != [b["source"].shape for b in second[:9]]


def test_a_batch_is_filled_and_its_targets_are_alike():
    """Room for 44: four pairs of 9 + 2 positions, then four of 1 + 3; the two of 1 + 8 do not fit beside them."""
    lengths = [(9, 1), (1, 2), (1, 7), (9, 1), (1, 2)] * 2
    sources, targets = ([[3] * pair[side] for pair in lengths] for side in (0, 1))
    batches = list(TokenBatches(sources, targets, 44, np.random.default_rng(0)))
    assert sorted(batch["target"].shape for batch in batches) == [(2, 8), (4, 2), (4, 3)]
    assert all((batch["target"] != PAD).all() and (batch["source"] != PAD).all() for batch in batches)


def test_pairs_of_equal_length_meet_others_in_each_epoch():
    sources, targets = [[n] for n in range(3, 53)], [[n] for n in range(3, 53)]
    batches = TokenBatches(sources, targets, 30, np.random.default_rng(0))
    first, second = ({tuple(sorted(batch["source"][:, 0])) for batch in batches} for _ in range(2))
    assert len(first) == len(second) == 5 and not first & second


def test_captions_are_lower_cased_on_both_sides(monkeypatch):
    """Before the encoding is learned and before BLEU compares; umlauts too."""
    arrays = {"de": np.array(["Ein Mann ÜBT."]), "en": np.array(["A Man PRACTISES."])}
    monkeypatch.setattr("translation_data.load_dataset", lambda name, split: Dataset(name, split, arrays, "made up"))
    pairs = load_pairs("multi30k", "test")
    assert (pairs.sources, pairs.targets) == (["ein mann übt."], ["a man practises."])


def test_one_encoding_is_learned_from_both_languages():
    coder = make_coder("multi30k", Pairs(["xyxyxy"] * 3, ["vwvwvw"] * 3, "made up"), 263)
    assert {len(coder.encode(text)) for text in ("xyxy", "vwvw")} == {1}


def test_batches_go_on_where_they_stopped():
    sources, targets = encode_pairs(load_pairs("dates-english", examples=100), date_coder())
    whole = TokenBatches(sources, targets, 200, np.random.default_rng(5))
    part = TokenBatches(sources, targets, 200, np.random.default_rng(5))
    expected = list(whole)
    given_out = [batch for _, batch in zip(range(3), part, strict=False)]
    again = TokenBatches(sources, targets, 200, np.random.default_rng(99))
    again.load_state(*part.state())
    rest = list(again)
    assert len(given_out) + len(rest) == len(expected)
    for a, b in zip(given_out + rest, expected, strict=True):
        np.testing.assert_array_equal(a["source"], b["source"])
    with pytest.raises(ValueError, match="had 100 pairs, these have 99"):
        TokenBatches(sources[:99], targets[:99], 200, np.random.default_rng(5)).load_state(*part.state())


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="english, german"):
        make_dates("french", 1, np.random.default_rng(0))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="train, val and test"):
        load_pairs("dates-english", "dev")
    with pytest.raises(ValueError, match=r"3 and 2"):
        TokenBatches([[3]] * 3, [[3]] * 2, 50, np.random.default_rng(0))
    with pytest.raises(ConfigError, match="tokens = 5: a batch has room for so many, but one pair alone has 6"):
        TokenBatches([[3, 3]], [[3, 3, 3]], 5, np.random.default_rng(0))


@pytest.mark.skipif(bool(missing_files("multi30k", "val")), reason="Multi30k is not in the data folder")
def test_captions():
    pairs = load_pairs("multi30k", "val", examples=40)
    assert len(pairs) == 40
    assert pairs.sources[0] == pairs.sources[0].lower()
    assert "the first 40" in pairs.about
    coder = make_coder("multi30k", pairs, 400)
    assert len(coder) == 400
    sources, targets = encode_pairs(pairs, coder)
    assert coder.decode(sources[0]) == pairs.sources[0] and coder.decode(targets[-1]) == pairs.targets[-1]
