"""Mentions that a rule finds better than a model: addresses, numbers, amounts, dates, account numbers and identifiers."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from bifrost.documents import Document, Mention
from extraction.nlp.codes import identifiers, shapes_of
from extraction.nlp.contacts import emails, ibans, phones, urls
from extraction.nlp.hits import Hit, without_overlaps
from extraction.nlp.quantities import dates, money, percentages

__all__ = ["RuleExtractor", "implementation"]

_RULES: tuple[Callable[[str], Iterator[Hit]], ...] = (
    emails,
    urls,
    ibans,
    dates,
    money,
    percentages,
    phones,
)
"""In order of priority where finds overlap; identifiers come last."""


class RuleExtractor:
    """Implements :class:`bifrost.ports.Extractor`: EMAIL, URL, IBAN, DATE, MONEY, PERCENT, PHONE and ID.

    ``Mention.extractor`` names the rule (``rule.email``); ``normal`` holds the normal form that each rule documents. Takes
    time linear in the text.
    """

    name = "rules"

    def extract(self, document: Document) -> Sequence[Mention]:
        mentions: list[Mention] = []
        shapes = shapes_of(page.text for page in document.pages)
        for page in document.pages:
            finds = chain.from_iterable(rule(page.text) for rule in _RULES)
            hits = without_overlaps(chain(finds, identifiers(page.text, shapes)), len(page.text))
            mentions.extend(
                Mention(
                    page.number,
                    hit.begin,
                    hit.end,
                    page.text[hit.begin : hit.end],
                    hit.type,
                    hit.normal,
                    hit.confidence,
                    f"rule.{hit.rule}",
                )
                for hit in hits
            )
        return mentions


implementation = RuleExtractor
