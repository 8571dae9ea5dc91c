import time

import pytest
from bpe_numpy import BYTES, PIECE, SPECIAL, BytePairEncoder
from hypothesis import given
from hypothesis import strategies as st
from translation_checks import library, merges_of

from utils.chapters import ROOT
from utils.data_loaders import load_dataset, missing_files

PROSE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
CODER = BytePairEncoder.train(PROSE, 600)


@pytest.mark.parametrize("size", [259, 300, 977, 1499])
def test_the_library_learns_the_same_merges_and_gives_the_same_ids(size):
    ours, theirs = BytePairEncoder.train(PROSE, size), library(PROSE, size, PIECE)
    assert ours.merges == merges_of(theirs)
    assert len(ours) == theirs.get_vocab_size() == size
    for text in [*PROSE, "Überraschung: ½ 日本 🙂", " \t \n ", "aaaaaaa", ""]:
        assert ours.encode(text) == theirs.encode(text).ids


@given(st.lists(st.text(alphabet="ab .", max_size=9), max_size=8))
def test_the_library_agrees_on_ties_and_overlaps(texts):
    ours, theirs = BytePairEncoder.train(texts, 275), library(texts, 275, PIECE)
    assert ours.merges == merges_of(theirs)
    for text in texts:
        assert ours.encode(text) == theirs.encode(text).ids


@given(st.text())
def test_any_text_comes_back(text):
    for coder in (CODER, BytePairEncoder()):
        ids = coder.encode(text)
        assert coder.decode(ids) == text
        assert all(3 <= id_ < len(coder) for id_ in ids)
        assert len(ids) <= len(text.encode())


@given(st.lists(st.integers(0, 599), max_size=20))
def test_any_ids_decode(ids):
    assert isinstance(CODER.decode(ids), str)


def test_bytes_write_any_character_and_digits_stay_single():
    """Unlike the paper's encoding, which begins with the characters of its training text (Sennrich et al. 2016)."""
    coder = BytePairEncoder.train(["in 1997 and in 1997, 1997"], 300)
    assert [coder.show(i) for i in coder.encode("in 1997")] == ["in", " 1", "9", "9", "7"]
    unseen = coder.encode("ß")
    assert [coder.tokens[i] for i in unseen] == [b"\xc3", b"\x9f"]
    assert coder.decode(unseen) == "ß"


def test_merges_shorten_and_special_tokens_have_no_text():
    text = "the learner reads the chapter"
    assert len(CODER.encode(text)) < len(text) / 2
    assert len(BytePairEncoder().encode(text)) == len(text)
    assert CODER.decode([1, *CODER.encode(text), 2, 0, 0]) == text
    assert CODER.encode("<eos>")[0] > 2
    assert [CODER.show(i) for i in range(3)] == list(SPECIAL)
    assert CODER.show(CODER.encode(" the")[0]) == " the"
    assert sorted(BYTES) == [bytes([b]) for b in range(256)]


def test_training_by_hand():
    """ab three times, then (ab)c twice; of equal counts the pair with the smaller ids."""
    coder = BytePairEncoder.train(["abcabc ab"], 261)
    a, b, c = (coder.ids[x] for x in (b"a", b"b", b"c"))
    assert coder.merges == [(a, b), (259, c)]
    assert [coder.decode([i]) for i in coder.encode("abcab")] == ["abc", "ab"]


def test_it_stops_when_no_pair_is_left():
    coder = BytePairEncoder.train(["ab"], 1000)
    assert len(coder) == 260
    assert BytePairEncoder.train([], 1000).merges == []


def test_saved_and_loaded(tmp_path):
    CODER.save(tmp_path / "merges.json")
    again = BytePairEncoder.load(tmp_path / "merges.json")
    assert again.merges == CODER.merges
    assert again.tokens == CODER.tokens


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"size >= 259, got 100"):
        BytePairEncoder.train(["a"], 100)
    with pytest.raises(ValueError, match=r"ids in 0\.\.599, got 600"):
        CODER.decode([600])
    with pytest.raises(ValueError, match=r"got -1"):
        CODER.decode([-1])
    with pytest.raises(ValueError, match=r"merge \(2, 5\)"):
        BytePairEncoder([(2, 5)])
    with pytest.raises(ValueError, match="surrogates"):
        CODER.encode("\ud800")


@pytest.mark.skipif(bool(missing_files("multi30k", "val")), reason="Multi30k is not in the data folder")
def test_captions_give_the_same_ids_and_training_is_fast():
    pairs = load_dataset("multi30k", "val").arrays
    texts = [str(text) for language in ("de", "en") for text in pairs[language]]
    begin = time.perf_counter()
    ours = BytePairEncoder.train(texts, 2000)
    assert time.perf_counter() - begin < 20  # about 0.5 s; each merge counted anew would take minutes
    theirs = library(texts, 2000, PIECE)
    assert ours.merges == merges_of(theirs)
    assert all(ours.encode(text) == theirs.encode(text).ids for text in texts)
    assert all(ours.decode(ours.encode(text)) == text for text in texts)
