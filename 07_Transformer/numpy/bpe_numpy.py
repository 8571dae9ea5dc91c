"""Byte-pair encoding: sub-word tokens learned from text (Sennrich, Haddow and Birch 2016, cited in section 5.1).

The symbols at the start are the 256 bytes, so that any text can be encoded and no token for unknown words is needed.
Training repeats one step: the pair of neighbouring symbols that occurs most often becomes a symbol of its own. Encoding
applies the same steps, in the same order, to new text. Everything here is the standard library.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

SPECIAL = ("<pad>", "<bos>", "<eos>")
PAD, BOS, EOS = range(3)

# A piece is a word, one digit or a run of punctuation, with the one space before it, or a run of whitespace. Merges stay
# inside a piece. So no number becomes one token, which says nothing about its neighbours.
PIECE = r" ?[^ \t\n\r!-@\[-`{-~]+| ?[0-9]| ?[!-/:-@\[-`{-~]+|[ \t\n\r]+"
_PIECE = re.compile(PIECE)

# The order in which GPT-2 numbers the bytes: first those that print as one character of Latin-1, then the rest.
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = [bytes([b]) for b in [*PRINTABLE, *(b for b in range(256) if b not in set(PRINTABLE))]]

Pair = tuple[int, int]


class BytePairEncoder:
    """Text to ids and back.

    The ids: 0, 1, 2 for padding, beginning and end of a sentence; then the 256 bytes; then a symbol for each merge, in
    the order of training. A merge whose bytes are a symbol already gets that symbol's id.

    Args:
        merges: pairs of ids, in the order of training; none gives one token for each byte.

    Raises:
        ValueError: a merge of ids that are not symbols yet.
    """

    def __init__(self, merges: Iterable[Pair] = ()) -> None:
        self.tokens = [b""] * len(SPECIAL) + BYTES  # id -> its bytes
        self.merges: list[Pair] = []
        self.ids = {token: id_ for id_, token in enumerate(self.tokens) if token}
        self.ranks: dict[Pair, tuple[int, int]] = {}  # pair -> its place among the merges, and the id it becomes
        self._pieces: dict[str, list[int]] = {}  # pieces that were encoded before
        for pair in merges:
            self._add(pair)

    def __len__(self) -> int:
        """The size of the vocabulary."""
        return len(self.tokens)

    def _add(self, pair: Pair) -> int:
        if not all(len(SPECIAL) <= id_ < len(self.tokens) for id_ in pair):
            raise ValueError(f"merge {pair} expected two ids in {len(SPECIAL)}..{len(self.tokens) - 1}")
        joined = self.tokens[pair[0]] + self.tokens[pair[1]]
        if joined not in self.ids:
            self.ids[joined] = len(self.tokens)
            self.tokens.append(joined)
        self.ranks.setdefault(pair, (len(self.merges), self.ids[joined]))
        self.merges.append(pair)
        return self.ids[joined]

    # --8<-- [start:train]
    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> BytePairEncoder:
        """Learn merges from `texts` until the vocabulary has `size` tokens, or no pair is left.

        The most frequent pair is merged; of equally frequent ones, that with the smallest ids. Counts are kept and changed
        only where a merge happens: each distinct piece is looked at as often as it changes.

        Raises:
            ValueError: `size` is below the 259 tokens that are there from the start.
        """
        coder = cls()
        if size < len(coder):
            raise ValueError(f"a vocabulary of bytes expected size >= {len(coder)}, got {size}")
        pieces = Counter(piece for text in texts for piece in _PIECE.findall(text))
        words = [[coder.ids[bytes([b])] for b in piece.encode()] for piece in pieces]
        times = list(pieces.values())
        counts: Counter[Pair] = Counter()
        places: dict[Pair, set[int]] = defaultdict(set)  # pair -> words that may hold it
        for w, word in enumerate(words):
            for pair in pairwise(word):
                counts[pair] += times[w]
                places[pair].add(w)
        heap = [(-count, pair) for pair, count in counts.items()]
        heapq.heapify(heap)
        while heap and len(coder) < size:
            negative, pair = heapq.heappop(heap)
            if -negative != counts[pair]:  # an entry from before the count fell or rose
                if counts[pair] > 0:
                    heapq.heappush(heap, (-counts[pair], pair))
                continue
            new, grown = coder._add(pair), set()
            for w in places.pop(pair):
                old, words[w] = words[w], _merged(words[w], pair, new)
                for gone in pairwise(old):
                    counts[gone] -= times[w]
                for come in pairwise(words[w]):
                    counts[come] += times[w]
                    if new in come:
                        places[come].add(w)
                        grown.add(come)
            for come in grown:
                heapq.heappush(heap, (-counts[come], come))
        return coder

    # --8<-- [end:train]

    # --8<-- [start:encode]
    def encode(self, text: str) -> list[int]:
        """The ids of a text, without beginning and end. Special tokens cannot be written in the text.

        Raises:
            UnicodeEncodeError: half of a surrogate pair, which is no character.
        """
        return [id_ for piece in _PIECE.findall(text) for id_ in self._encode_piece(piece)]

    def _encode_piece(self, piece: str) -> list[int]:
        if piece not in self._pieces:
            word = [self.ids[bytes([b])] for b in piece.encode()]
            while len(word) > 1:
                first = min(pairwise(word), key=lambda pair: self.ranks.get(pair, (len(self.merges), 0)))
                if first not in self.ranks:
                    break
                word = _merged(word, first, self.ranks[first][1])
            self._pieces[piece] = word
        return self._pieces[piece]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; special tokens have none. What is no UTF-8, a model's mistake, becomes U+FFFD.

        Raises:
            ValueError: an id outside the vocabulary.
        """
        ids = [int(id_) for id_ in ids]
        if wrong := [id_ for id_ in ids if not 0 <= id_ < len(self)]:
            raise ValueError(f"decode expected ids in 0..{len(self) - 1}, got {wrong[0]}")
        return b"".join(self.tokens[id_] for id_ in ids).decode(errors="replace")

    # --8<-- [end:encode]

    def show(self, id_: int) -> str:
        """A token for a figure's axis: its text, or its name if it is special."""
        return SPECIAL[id_] if id_ < len(SPECIAL) else self.tokens[id_].decode(errors="replace")

    def save(self, path: Path) -> None:
        """Write the merges as JSON; everything else follows from them."""
        path.write_text(json.dumps({"merges": self.merges}), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> BytePairEncoder:
        return cls(tuple(pair) for pair in json.loads(path.read_text(encoding="utf-8"))["merges"])


def _merged(word: Sequence[int], pair: Pair, new: int) -> list[int]:
    """`word` with `new` for every `pair`, from left to right."""
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and word[i] == pair[0] and word[i + 1] == pair[1]:
            out.append(new)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out
