"""Translations of a trained model, and their quality.

python 07_Transformer/paper/evaluate_transformer.py runs/train/07-dates-paper
python 07_Transformer/paper/evaluate_transformer.py runs/train/07-dates-paper --translate "the third of May 1997"
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from bpe_numpy import PAD, BytePairEncoder
from decoding_paper import beam_search, greedy
from transformer_paper import BOS, EOS
from translation_data import Encoded, Pairs, load_pairs, make_batch, padded
from translator_paper import TranslationConfig, Translator, build_model

from utils.checkpoints import fitting
from utils.ladder import Params, Trainer
from utils.levels.arrays import to_numpy, to_torch
from utils.runs import group
from utils.saved_runs import read_run
from utils.scripts import sentences

EXTRA_LENGTH = 50  # a translation may be longer than its source by this much (section 6.1)


def translate(
    model: Translator,
    coder: BytePairEncoder,
    texts: Sequence[str],
    *,
    beam: int = 4,
    alpha: float = 0.6,
    rows: int = 100,
) -> list[str]:
    """The translation of every text, by beam search or, with a beam of 1, greedily. Similar lengths go together."""
    model.eval()
    device = model.embedding.weight.device
    sources = [[*coder.encode(text), EOS] for text in texts]
    order = sorted(range(len(texts)), key=lambda i: len(sources[i]))
    found: dict[int, str] = {}
    for chunk in (order[i : i + rows] for i in range(0, len(order), rows)):
        source = torch.from_numpy(padded([sources[i] for i in chunk])).to(device)
        longest = source.shape[1] + EXTRA_LENGTH
        if beam == 1:
            ids = greedy(model, source, longest, BOS, EOS)
        else:
            ids = beam_search(model, source, beam=beam, alpha=alpha, max_length=longest, bos=BOS, eos=EOS)
        for i, row in zip(chunk, ids, strict=True):
            found[i] = coder.decode(row[: len(sources[i]) + EXTRA_LENGTH])
    return [found[i] for i in range(len(texts))]


def exact_match(translations: Sequence[str], references: Sequence[str]) -> float:
    """Share of translations that are right to the last character, in percent."""
    if not references or len(translations) != len(references):
        raise ValueError(f"{len(translations)} translations and {len(references)} references are no pairs")
    return 100.0 * float(np.mean([a == b for a, b in zip(translations, references, strict=True)]))


def bleu(translations: Sequence[str], references: Sequence[str]) -> float:
    """BLEU by sacrebleu with its default tokenisation (13a), one reference; lower-cased if the texts are."""
    import sacrebleu

    if not references or len(translations) != len(references):
        raise ValueError(f"{len(translations)} translations and {len(references)} references are no pairs")
    return float(sacrebleu.corpus_bleu(list(translations), [list(references)]).score)


def quality(config: TranslationConfig, model: Translator, coder: BytePairEncoder, pairs: Pairs) -> dict[str, float]:
    """Exact match of dates, in percent; BLEU of sentences."""
    found = translate(model, coder, pairs.sources, beam=config.beam, alpha=config.alpha)
    if config.task == "multi30k":
        return {"bleu": bleu(found, pairs.targets)}
    return {"exact_match": exact_match(found, pairs.targets)}


def mean_nll(trainer: Trainer, encoded: tuple[Encoded, Encoded], rows: int = 50) -> float:
    """Mean of -log p(token) over all tokens, each predicted from the right ones before it; its exponential is the
    perplexity per token."""
    total, count = 0.0, 0
    for i in range(0, len(encoded[0]), rows):
        batch = make_batch(*(part[i : i + rows] for part in encoded))
        logits, labels = trainer.predict(batch)["logits"], batch["labels"]
        shifted = logits - logits.max(axis=-1, keepdims=True)
        of_label = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
        nll = np.log(np.exp(shifted).sum(axis=-1)) - of_label
        total += float(nll[labels != PAD].sum())
        count += int((labels != PAD).sum())
    return total / count


def with_params(config: TranslationConfig, vocabulary: int, params: Params) -> Translator:
    """The paper level's module with these weights, in evaluation mode: it decodes for every level."""
    model = build_model(config, vocabulary, torch.Generator())
    model.load_state_dict({name: value.float() for name, value in to_torch(params).items()})
    return model.eval()


def trained(folder: Path) -> tuple[TranslationConfig, Translator, BytePairEncoder]:
    """Configuration, model and token encoder of a run; the mean of the last checkpoints where it took one."""
    run = read_run(folder, TranslationConfig)
    coder = BytePairEncoder.load(folder / "merges.json")
    like = to_numpy(build_model(run.config, len(coder), torch.Generator()).state_dict())
    params = fitting(group(run.extra, "mean") or run.params, like, f"the checkpoint in {folder}")
    return run.config, with_params(run.config, len(coder), params), coder


def main(folder: Path) -> dict[str, float]:
    """The quality of a run's model on the test split."""
    config, model, coder = trained(folder)
    return quality(config, model, coder, load_pairs(config.task, "test", examples=config.test_examples))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--translate", metavar="TEXT", help="show the translation of this text alone")
    given = parser.parse_args()
    with sentences():
        if given.translate is not None:
            settings, translator, tokens = trained(given.folder)
            print(translate(translator, tokens, [given.translate], beam=settings.beam, alpha=settings.alpha)[0])
        else:
            for metric, value in main(given.folder).items():
                print(f"{metric:<24} {value:.2f}")
