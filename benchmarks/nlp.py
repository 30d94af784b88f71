"""How well and how fast text is read: ``python -m benchmarks.nlp [--json FILE]``.

Exact-span F1 on each ``$BIFROST_DATA/nlp/general/*.test.spacy`` over the types that the corpus annotates; places marked as
not annotated do not count. Beside it a gazetteer (longest match of the names of all training files, each with its most
frequent type). Speed and memory are those of a fresh process that reads the same texts as a worker does.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence

from benchmarks.report import Report, arguments, data_folder
from extraction.encoder_minilm import load_encoder
from extraction.extractor_ner import LEAST_CONFIDENCE
from extraction.nlp.corpus import Entity, Example, read_corpus
from extraction.nlp.scoring import SpanScore, score
from extraction.nlp.tagger import FoundEntity, Tagger
from extraction.nlp.tokens import words

LONGEST_NAME = 8
BINS = 10

_WORKER = """
import json, re, sys, time
texts = json.load(sys.stdin)
from bifrost.documents import Document, Page
from extraction.encoder_minilm import load_encoder
from extraction.extractor_ner import NerExtractor
from extraction.extractor_rules import RuleExtractor
from extraction.nlp.tokens import words
def cpu(action):
    begin = time.process_time()
    action()
    return time.process_time() - begin
document = Document("text/plain", tuple(Page(n, text) for n, text in enumerate(texts, 1)))
load = cpu(lambda: NerExtractor().extract(Document("text/plain", (Page(1, "Ada Lovelace"),))))
count = sum(len(words(text)) for text in texts)
figures = {
    "load_seconds": load,
    "ner.words_per_cpu_second": count / cpu(lambda: NerExtractor().extract(document)),
    "rules.words_per_cpu_second": count / cpu(lambda: RuleExtractor().extract(document)),
    "encoder.sentences_per_cpu_second": len(texts) / cpu(lambda: load_encoder().encode(texts)),
    # Not ru_maxrss: a child inherits the peak of its parent.
    "peak_rss_mb": int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024,
}
json.dump(figures, sys.stdout)
"""


class Gazetteer:
    """The baseline: names seen in training, longest match, most frequent type."""

    def __init__(self, examples: Sequence[Example]) -> None:
        counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for example in examples:
            for entity in example.entities:
                name = example.text[entity.begin : entity.end]
                counts[tuple(name[begin:end] for begin, end in words(name))][entity.type] += 1
        self._types = {name: types.most_common(1)[0][0] for name, types in counts.items()}

    def entities(self, text: str) -> list[Entity]:
        spans = words(text)
        found, at = [], 0
        while at < len(spans):
            for length in range(min(LONGEST_NAME, len(spans) - at), 0, -1):
                type_ = self._types.get(tuple(text[begin:end] for begin, end in spans[at : at + length]))
                if type_:
                    found.append(Entity(spans[at][0], spans[at + length - 1][1], type_))
                    at += length - 1
                    break
            at += 1
        return found


def calibration_error(examples: Sequence[Example], found: Sequence[Sequence[FoundEntity]]) -> float:
    """Expected calibration error of the entities' confidences: mean distance of confidence and precision over ten bins."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for example, entities in zip(examples, found, strict=True):
        for begin, end, type_, confidence in entities:
            counts: SpanScore = score(
                [example], [[Entity(begin, end, type_)]], [entity.type for entity in example.entities]
            )
            if counts.found:
                bins[min(int(confidence * BINS), BINS - 1)].append((confidence, counts.right == 1))
    total = sum(map(len, bins))
    gaps = (abs(sum(confidence - right for confidence, right in own)) for own in bins)
    return sum(gaps) / total if total else 0.0


def main(options: Sequence[str] | None = None) -> int:
    parsed = arguments(__doc__ or "").parse_args(options)
    folder = data_folder() / "nlp" / "general"
    tests = sorted(folder.glob("*.test.spacy"))
    if not tests:
        sys.stderr.write(f"There is nothing to measure: {folder} has no *.test.spacy; set BIFROST_DATA.\n")
        return 2
    report = Report("nlp", parsed.seed)
    gazetteer = Gazetteer([example for path in sorted(folder.glob("*.train.spacy")) for example in read_corpus(path)])
    tagger = Tagger(load_encoder())
    texts: list[str] = []
    for path in tests:
        examples = list(read_corpus(path))
        corpus = path.name.split(".")[0]
        texts += [example.text for example in examples]
        found = [tagger.entities(example.text) for example in examples]
        sure = [[Entity(*entity[:3]) for entity in own if entity[3] >= LEAST_CONFIDENCE] for own in found]
        guesses = [gazetteer.entities(example.text) for example in examples]
        _add_scores(report, corpus, examples, sure, guesses)
        report.add(f"ner.{corpus}.calibration_error", calibration_error(examples, found))
    done = subprocess.run(
        [sys.executable, "-c", _WORKER], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    for key, value in json.loads(done.stdout).items():
        report.add(key, value)
    report.write(parsed.json)
    return 0


def _add_scores(
    report: Report,
    corpus: str,
    examples: Sequence[Example],
    found: Sequence[Sequence[Entity]],
    guesses: Sequence[Sequence[Entity]],
) -> None:
    """F1 over all annotated types and for each of them."""
    overall, baseline = score(examples, found), score(examples, guesses)
    note = f"precision {overall.precision:.3f}, recall {overall.recall:.3f}, {overall.gold} entities"
    report.add(f"ner.{corpus}.f1", overall.f1, baseline=baseline.f1, note=note)
    for type_ in sorted({entity.type for example in examples for entity in example.entities}):
        own, other = score(examples, found, [type_]), score(examples, guesses, [type_])
        report.add(f"ner.{corpus}.f1.{type_}", own.f1, baseline=other.f1, note=f"{own.gold} entities")


if __name__ == "__main__":
    sys.exit(main())
