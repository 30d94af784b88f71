"""What to look for where no thing has all the words of a question: each of its words, without those that say nothing.

A thing is worth the more, the more of the words it has and the rarer they are: the sum of their inverse document
frequencies, times their share of all words (a coordination factor, as in Lucene's practical scoring function). Among things
with the same words the database's own rank decides. Frequent words find nothing by themselves as long as there are rarer
ones, so that the work is bounded however many things have them.
"""

import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from graphstore.search_text import Terms, Word

__all__ = ["MOST_OF_A_WORD", "Candidates", "Key", "best", "candidates", "words_of"]

MOST_OF_A_WORD = 10_000
"""A word that more things have is a frequent one."""
_MOST_WORDS = 12
_MOST_RANKED = 2_000
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
    """Whether these are only some of the things, because all words that occur are frequent ones."""

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
    first: Callable[[], Sequence[Sequence[Key]]],
) -> Candidates:
    """``having`` gives the things with a word, not more than ``MOST_OF_A_WORD`` + 1, and ``having_both`` all that have any of some
    words and another one. ``first`` is asked where all words that occur are frequent ones: it looks at a part of all things and
    gives those of them that have each word. ``size`` is the number of all things."""
    found = [having(word) for word in words]
    frequent = [len(keys) > MOST_OF_A_WORD for keys in found]
    rare = [word for word, keys in zip(words, found, strict=True) if 0 < len(keys) <= MOST_OF_A_WORD]
    if rare:
        found = [
            having_both(rare, word) if often else keys for word, keys, often in zip(words, found, frequent, strict=True)
        ]
    elif any(frequent):
        found = list(first())
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


def best(found: Candidates, wanted: int) -> list[Key]:
    """The best ``wanted`` things, with those that are worth as much as the last of them, as long as they are not too many."""
    scores = {key: found.score(key) for key in found.has}
    ordered = sorted(scores, key=lambda key: -scores[key])
    if len(ordered) > wanted > 0:
        last, most = scores[ordered[wanted - 1]], max(wanted, _MOST_RANKED)
        while wanted < min(len(ordered), most) and scores[ordered[wanted]] == last:
            wanted += 1
    return ordered[:wanted]
