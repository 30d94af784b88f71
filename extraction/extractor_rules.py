"""Mentions that a rule finds better than a model: addresses, numbers, amounts, dates, account numbers and identifiers."""

from collections.abc import Callable, Iterator, Sequence

from bifrost.documents import Document, Mention
from extraction.nlp.codes import identifiers
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
    identifiers,
)
"""In order of priority where finds overlap."""


class RuleExtractor:
    """Implements :class:`bifrost.ports.Extractor`: EMAIL, URL, IBAN, DATE, MONEY, PERCENT, PHONE and ID.

    ``Mention.extractor`` names the rule (``rule.email``); ``normal`` holds the normal form that each rule documents. Takes
    time linear in the text.
    """

    name = "rules"

    def extract(self, document: Document) -> Sequence[Mention]:
        mentions: list[Mention] = []
        for page in document.pages:
            hits = without_overlaps((hit for rule in _RULES for hit in rule(page.text)), len(page.text))
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
