"""What to look for where no thing has all the words of a question: each of its words, without those that say nothing.

A thing is worth the more, the more of the words it has and the rarer they are: the sum of their inverse document
frequencies, times their share of all words (a coordination factor, as in Lucene's practical scoring function). Among things
with the same words the database's own rank decides. Frequent words find nothing by themselves as long as there are rarer
ones, so that the work is bounded however many things have them.

Where all words are frequent ones, things of a sample are found; of up to four words also all that lack one of them at most, if
these are not too many. A thing is in the sample by its id alone, so that what is found depends neither on the order in which
things came nor on what a reader does not see. Things with the same words then come by their ids.
"""

import hashlib
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

from graphstore.search_text import Terms, Word

__all__ = [
    "MOST_LEVEL",
    "MOST_OF_A_WORD",
    "Candidates",
    "Key",
    "best",
    "candidates",
    "level_of",
    "sample_level",
    "words_of",
]

MOST_OF_A_WORD = 10_000
"""A word that more things have is a frequent one."""
MOST_LEVEL = 40
_SAMPLE = 8_192
_TOO_MANY = 2 * MOST_OF_A_WORD
"""So many things have some words together by the sample that these are not looked for."""
_MOST_WORDS, _MOST_TOGETHER = 12, 4
_LONG_ENOUGH = 4
_QUESTIONS = (
    "a about all also am an and any are as at be been but by can could did do does find for from get give had has have "
    "he her his how i if in into is it its list many may me more most much my no not of on or our please she should show "
    "so some such tell than that the their them then there these they this those to us was we were what when where which "
    "who whom whose why will with would you your "
    "aber alle als am an auch auf aus bei bin bis bitte da das dass dem den der des die dies diese dieser du ein eine "
    "einem einen einer er es finde für gibt haben hat hatte ich ihm ihr im in ist kein keine mein mir mit nach nicht oder "
    "sein sich sie sind so über um und uns unser unter vom von vor war waren was welche welchem welchen welcher welches "
    "wenn wer werden wie wir wird wo zeige zu zum zur "
    "à au aux avec ce ces cette dans de des du elle en est et eu il ils je la le les leur lui mais montre ne nous on ou "
    "où par pas pour quand que quel quelle quelles quels qui sa se ses son sont sur un une vous "
)
_SILENT = frozenset(_QUESTIONS.split())
"""Words of questions in English, German and French that say nothing about what is asked for."""


def words_of(terms: Terms) -> list[Word]:
    """The words of a question that say something, each once."""
    found: dict[str, Word] = {}
    typed = [(word, False) for word in terms[0]] + ([] if terms[1] is None else [(terms[1], True)])
    for text, prefix in typed:
        text = unicodedata.normalize("NFC", _trimmed(text))
        bare = text.casefold()
        if bare and bare not in _SILENT and bare not in found:
            forms = (text, text[:-1]) if _is_plural(bare) else (text,)
            found[bare] = Word(text, forms, prefix)
    return list(found.values())[:_MOST_WORDS]


def _trimmed(text: str) -> str:
    """Without what stands around it that is neither a letter nor a digit."""
    places = [place for place, char in enumerate(text) if char.isalnum()]
    return text[places[0] : places[-1] + 1] if places else ""


def _is_plural(bare: str) -> bool:
    return len(bare) > _LONG_ENOUGH and bare.isalpha() and bare.endswith("s") and not bare.endswith(("ss", "us", "is"))


def level_of(uid: str) -> int:
    """0 for half of all things, 1 for half of the others, and so on to ``MOST_LEVEL``, by their ids alone."""
    bits = int.from_bytes(hashlib.blake2b(uid.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return min(64 - bits.bit_length(), MOST_LEVEL)


def sample_level(size: int) -> int:
    """The things of this level and above are a sample of at most about 8,000, or all where there are no more."""
    return min(((max(size, 1) - 1) // _SAMPLE).bit_length(), MOST_LEVEL)


Key = str | int
"""What an index calls a thing."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Things by their keys in an index, with the places of the words that they have."""

    has: Mapping[Key, tuple[int, ...]]
    weights: Sequence[float]
    """Of each word."""
    frequent: Sequence[bool]
    """Whether a word is a frequent one."""
    some: bool
    """Whether these may be only some of the things, because all words that occur are frequent ones."""

    def finding(self, words: Sequence[Word]) -> list[Word]:
        """Those words by which things were found: a frequent one finds nothing by itself where there are rarer ones."""
        return [word for word, often in zip(words, self.frequent, strict=True) if self.some or not often]

    def of(self, keys: Iterable[Key]) -> "Candidates":
        """Some of them."""
        return replace(self, has={key: self.has[key] for key in keys})

    def missing(self, key: Key, words: Sequence[Word]) -> tuple[str, ...]:
        """Which words a thing does not have."""
        return tuple(word.text for place, word in enumerate(words) if place not in self.has[key])

    def score(self, key: Key) -> float:
        places = self.has[key]
        return sum(self.weights[place] for place in places) * len(places) / len(self.weights)


def candidates(
    words: Sequence[Word],
    size: int,
    having: Callable[[Word], Sequence[Key]],
    having_both: Callable[[Sequence[Word], Word], Sequence[Key]],
    having_all: Callable[[Sequence[Word]], Sequence[Key]],
    sample: Callable[[int], Sequence[Sequence[Key]]],
) -> Candidates:
    """``having`` gives the things with a word, not more than ``MOST_OF_A_WORD`` + 1, ``having_both`` all that have any of some
    words and another one, and ``having_all`` those that have all of some words, again not more than ``MOST_OF_A_WORD`` + 1.
    ``sample`` gives for each word the things of a level and above that have it. ``size`` is the number of all things."""
    found = [having(word) for word in words]
    frequent = [len(keys) > MOST_OF_A_WORD for keys in found]
    rare = [word for word, keys in zip(words, found, strict=True) if 0 < len(keys) <= MOST_OF_A_WORD]
    if rare:
        found = [
            having_both(rare, word) if often else keys for word, keys, often in zip(words, found, frequent, strict=True)
        ]
    elif any(frequent):
        level = sample_level(size)
        sampled = [set(keys) for keys in sample(level)]
        looked_for: list[list[Key]] = [list(keys) for keys in sampled]
        for together in _together([place for place, often in enumerate(frequent) if often]):
            both = set.intersection(*(sampled[place] for place in together))
            if len(both) << level <= _TOO_MANY:
                keys = having_all([words[place] for place in together])
                for place in together if len(keys) <= MOST_OF_A_WORD else ():
                    looked_for[place] += keys
        found = list(looked_for)
    found = [list(dict.fromkeys(keys)) for keys in found]
    weights = [
        math.log(1 + max(size, 1) / (1 + (MOST_OF_A_WORD if often else len(keys))))
        for keys, often in zip(found, frequent, strict=True)
    ]
    has: dict[Key, tuple[int, ...]] = {}
    for place, keys in enumerate(found):
        for key in keys:
            has[key] = (*has.get(key, ()), place)
    return Candidates(has, weights, frequent, some=not rare)


def _together(places: Sequence[int]) -> Iterable[Sequence[int]]:
    """Of up to four words all, and all but one where these are two at least."""
    sizes = range(max(2, len(places) - 1), len(places) + 1) if len(places) <= _MOST_TOGETHER else ()
    return chain.from_iterable(combinations(places, size) for size in sizes)


def best(found: Candidates, wanted: int) -> list[Key]:
    """The best ``wanted`` things, with all others that are worth as much as the last of them."""
    scores = {key: found.score(key) for key in found.has}
    if len(scores) <= wanted:
        return list(scores)
    last = sorted(scores.values(), reverse=True)[wanted - 1]
    return [key for key, score in scores.items() if score >= last]
