"""Trains the entity head: ``python -m extraction.nlp.train_ner [--data FOLDER] [--out FILE]``. Needs the extra ``train``.

Reads every ``*.train.spacy`` below ``$BIFROST_DATA/nlp/general``; the last tenth of each corpus is the dev split that
every choice was made on (docs/adr/0102). Test files are not opened here: see ``python -m benchmarks.nlp``. Takes about
6 CPU-minutes and 3 GB.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from extraction.encoder_minilm import MiniLmEncoder, load_encoder
from extraction.nlp.augment import NameSwapper, without_roles
from extraction.nlp.bio import OUTSIDE, TAGS, decode, tag_of
from extraction.nlp.corpus import UNKNOWN, Entity, Example, read_corpus, tags_of
from extraction.nlp.features import spelling
from extraction.nlp.head import TaggingHead, to_onnx
from extraction.nlp.scoring import score
from extraction.nlp.tagger import HEAD_FILE
from extraction.nlp.tokens import Span, sentences

DEV_SHARE = 0.1

NAME_TYPES = ("PERSON", "ORG", "LOC", "MISC")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. ``learning_rate`` is the peak of a one-cycle schedule (Smith and Topin 2017)."""

    seed: int = 0
    epochs: int = 8
    batch: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    dropout: float = 0.3
    recase: float = 0.04


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as the head sees it. ``example`` is the index of its text in the list it was made from.

    ``recased`` holds the shapes [2, n] of the words in upper and in lower case (the encoder does not see case).
    ``outside`` [tags] tells which tags a word outside all entities may have.
    """

    example: int
    spans: list[Span]
    states: NDArray[np.float16]
    shapes: NDArray[np.int64]
    suffixes: NDArray[np.int64]
    recased: NDArray[np.int64]
    tags: NDArray[np.int64]
    outside: NDArray[np.bool_]


def featurise(examples: Sequence[Example], encoder: MiniLmEncoder) -> list[Sentence]:
    """Cuts the texts of one corpus into sentences and encodes their words; about 9,000 words a second."""
    made = []
    outside = outside_tags(examples)
    for index, example in enumerate(examples):
        for spans in sentences(example.text):
            texts = [example.text[begin:end] for begin, end in spans]
            shapes, suffixes = spelling(texts)
            recased = np.stack(
                [spelling([text.upper() for text in texts])[0], spelling([text.lower() for text in texts])[0]]
            )
            states = encoder.encode_words(texts).astype(np.float16)
            made.append(Sentence(index, spans, states, shapes, suffixes, recased, tags_of(example, spans), outside))
    return made


def outside_tags(examples: Sequence[Example]) -> NDArray[np.bool_]:
    """Which tags a word outside all entities may have: O, and those of name types that the corpus never annotates."""
    annotated = {entity.type for example in examples for entity in example.entities}
    allowed = np.zeros(len(TAGS), np.bool_)
    allowed[OUTSIDE] = True
    for type_ in set(NAME_TYPES) - annotated:
        allowed[[tag_of(type_, inside=False), tag_of(type_, inside=True)]] = True
    return allowed


def swapped_sentences(examples: Sequence[Example], encoder: MiniLmEncoder, seed: int) -> list[Sentence]:
    """A second copy, with other names, of each text that names an organisation."""
    swapper = NameSwapper(examples, seed)
    made: list[Sentence] = []
    for corpus in dict.fromkeys(example.corpus for example in examples):
        own = [example for example in examples if example.corpus == corpus]
        made += featurise([new for new in map(swapper.swapped, own) if new is not None], encoder)
    return made


def split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Train and dev. Neighbours in a file come from one article, so dev is one block at the end."""
    cut = int(len(examples) * (1 - DEV_SHARE))
    return list(examples[:cut]), list(examples[cut:])


def batches(data: Sequence[Sentence], size: int, generator: np.random.Generator) -> Iterator[list[Sentence]]:
    """Random batches of sentences of similar length, each sorted longest first."""
    noisy = np.array([len(sentence.spans) for sentence in data]) + generator.uniform(0, 6, len(data))
    order = np.argsort(-noisy)
    groups = [order[at : at + size] for at in range(0, len(order), size)]
    for index in generator.permutation(len(groups)):
        yield sorted((data[i] for i in groups[index]), key=lambda sentence: -len(sentence.spans))


def padded(batch: Sequence[Sentence]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States, shapes, suffixes and lengths."""
    longest = len(batch[0].spans)
    states = np.zeros((len(batch), longest, batch[0].states.shape[1]), np.float32)
    shapes, suffixes = np.zeros((2, len(batch), longest), np.int64)
    for row, sentence in enumerate(batch):
        length = len(sentence.spans)
        states[row, :length] = sentence.states
        shapes[row, :length] = sentence.shapes
        suffixes[row, :length] = sentence.suffixes
    lengths = torch.tensor([len(sentence.spans) for sentence in batch])
    return torch.from_numpy(states), torch.from_numpy(shapes), torch.from_numpy(suffixes), lengths


def likelihood_loss(log_probabilities: Tensor, batch: Sequence[Sentence]) -> Tensor | None:
    """Mean negative log likelihood of the annotated words of a padded batch; None where there are none.

    A word outside all entities may have any tag of ``Sentence.outside``: their probabilities are added.
    """
    longest = log_probabilities.shape[1]
    tags = torch.full((len(batch), longest), UNKNOWN)
    for row, sentence in enumerate(batch):
        tags[row, : len(sentence.tags)] = torch.from_numpy(sentence.tags)
    known = tags != UNKNOWN
    if not known.any():
        return None
    outside = torch.from_numpy(np.stack([sentence.outside for sentence in batch]))[:, None]
    either = log_probabilities.masked_fill(~outside, -torch.inf).logsumexp(-1)
    exact = log_probabilities.gather(2, tags.clamp(min=0)[:, :, None])[:, :, 0]
    return -torch.where(tags == OUTSIDE, either, exact)[known].mean()


def recased(batch: Sequence[Sentence], share: float, generator: np.random.Generator) -> list[Sentence]:
    """The batch with a share of its sentences in upper case, and as many in lower case."""
    draws = generator.random(len(batch))
    return [
        replace(sentence, shapes=sentence.recased[int(draw > share)]) if draw < 2 * share else sentence
        for sentence, draw in zip(batch, draws, strict=True)
    ]


def train(data: Sequence[Sentence], recipe: Recipe) -> TaggingHead:
    """Minimises likelihood_loss."""
    torch.manual_seed(recipe.seed)
    generator = np.random.default_rng(recipe.seed)
    head = TaggingHead(recipe.dropout)
    optimizer = torch.optim.AdamW(head.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * -(-len(data) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps)
    for epoch in range(recipe.epochs):
        started, losses = time.process_time(), []
        for plain in batches(data, recipe.batch, generator):
            batch = recased(plain, recipe.recase, generator)
            loss = likelihood_loss(head(*padded(batch)), batch)
            if loss is not None:
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
                optimizer.step()
                losses.append(loss.item())
            schedule.step()
        seconds = time.process_time() - started
        sys.stdout.write(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, {seconds:.0f} CPU-s\n")
        sys.stdout.flush()
    return head.eval()


@torch.no_grad()
def predict(head: TaggingHead, data: Sequence[Sentence], texts: int) -> list[list[Entity]]:
    """The entities found in each of ``texts`` texts."""
    found: list[list[Entity]] = [[] for _ in range(texts)]
    for sentence in data:
        for span in decode(head(*padded([sentence]))[0].numpy()):
            begin, end = sentence.spans[span.first][0], sentence.spans[span.last - 1][1]
            found[sentence.example].append(Entity(begin, end, span.type))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("BIFROST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "nlp" / "general"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--out", type=Path, default=HEAD_FILE)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    encoder = load_encoder()
    examples: list[Example] = []
    training: list[Sentence] = []
    dev: dict[str, tuple[list[Example], list[Sentence]]] = {}
    for path in sorted(options.data.glob("*.train.spacy")):
        learn, check = split([without_roles(example) for example in read_corpus(path)])
        examples += learn
        training += featurise(learn, encoder)
        dev[path.name.split(".")[0]] = check, featurise(check, encoder)
        sys.stdout.write(f"{path.name}: {len(learn)} texts to train on, {len(check)} for dev\n")
        sys.stdout.flush()
    training += swapped_sentences(examples, encoder, options.seed)
    head = train(training, Recipe(seed=options.seed))
    for corpus, (check, data) in dev.items():
        result = score(check, predict(head, data, len(check)))
        sys.stdout.write(f"dev {corpus}: P {result.precision:.3f} R {result.recall:.3f} F1 {result.f1:.3f}\n")
    options.out.write_bytes(to_onnx(head))
    return 0


if __name__ == "__main__":
    sys.exit(main())
