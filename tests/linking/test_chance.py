"""Codes that are found in a column because it holds most codes there are."""

import itertools
import random

import pytest

from bifrost.links import Column, LinkKind, LinkState, LinkType, link_type_id
from linking.chance import CHANCE, chance_odds, surprise_odds
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from tests.linking.company import find, proposals, quiet

_CODES = ["".join(letters) for letters in itertools.product("abcdefghij", repeat=3)]


def _tables(*, spoken_known: float = 1.0) -> dict[str, list[dict[str, object]]]:
    """Languages with 600 of 1,000 codes, currencies with other codes of such letters, and people who speak a language, of
    whose codes the share ``spoken_known`` is known."""
    rng = random.Random(3)
    languages = rng.sample(_CODES, 600)
    unknown = sorted({*_CODES} - {*languages})
    currencies = rng.sample(_CODES, 120)
    spoken = rng.sample(languages, round(100 * spoken_known)) + rng.sample(unknown, round(100 * (1 - spoken_known)))
    return {
        "languages": [{"alpha_3": code, "name": f"Language {n}"} for n, code in enumerate(languages)],
        "currencies": [
            {"alpha_3": code, "name": f"Money {n}", "numeric": f"{n:03}"} for n, code in enumerate(currencies)
        ],
        "people": [{"id": 7_000 + n, "name": f"P{n}", "language_code": rng.choice(spoken)} for n in range(900)],
    }


def test_what_any_codes_would_find_is_no_reference() -> None:
    found = proposals(_tables())
    assert find(found, "reference", "db/people.language_code", "db/languages.alpha_3").probability > 0.9
    assert [t for t in found if str(t.tail) == "db/currencies.alpha_3" and t.probability >= 0.5] == []


def test_whoever_keeps_such_a_reference_is_told() -> None:
    tail, head = Column("db", "currencies", ("alpha_3",)), Column("db", "languages", ("alpha_3",))
    id = link_type_id(LinkKind.REFERENCE, tail, head)
    kept = LinkType(id, LinkKind.REFERENCE, tail, head, "language", state=LinkState.CONFIRMED, probability=1.0)
    data = MemoryData()
    for name, rows in _tables().items():
        data.add_rows("db", name, rows)
    linker = BifrostLinker()
    found = find(linker.propose(data, (), (kept,), quiet), "reference", str(tail), str(head))
    linker.close()
    assert 0.5 < found.features[CHANCE] < 0.7
    assert f"Of any codes of such letters {found.features[CHANCE]:.0%} would be found there." in found.reasons


def test_a_reference_with_unknown_codes_stays_one() -> None:
    found = find(proposals(_tables(spoken_known=0.9)), "reference", "db/people.language_code", "db/languages.alpha_3")
    assert found.probability > 0.9
    assert CHANCE not in found.features


@pytest.mark.parametrize(
    ("found", "chance", "odds"),
    [(0.7, 0.7, -6.0), (0.85, 0.7, -1.0), (0.6, 0.8, -6.0), (0.9, 0.7, 0.0), (0.6, 0.1, 0.0), (0.6, 1.0, -6.0)],
)
def test_what_is_taken_off(found: float, chance: float, odds: float) -> None:
    assert chance_odds(found, chance) == pytest.approx(odds)


def test_codes_that_are_all_found_though_chance_finds_few_are_no_accident() -> None:
    rng = random.Random(5)
    points = [f"{n:04x}" for n in sorted(rng.sample(range(0x10000), 9_000))]
    radicals, ideographs = rng.sample(points, 240), rng.sample(points, 240)
    tables = {
        "characters": [{"code": code, "said": f"Letter {n}", "width": n % 3} for n, code in enumerate(points)],
        "radicals": [
            {"number": n, "radical": radical, "ideograph": ideograph}
            for n, (radical, ideograph) in enumerate(zip(radicals, ideographs, strict=True), 1)
        ],
    }
    found = proposals(tables)
    for column in ("radical", "ideograph"):
        reference = find(found, "reference", f"db/radicals.{column}", "db/characters.code")
        assert reference.probability >= 0.5
        assert CHANCE not in reference.features


@pytest.mark.parametrize(
    ("codes", "chance", "odds"), [(200, 0.1, 4.0), (20, 0.9, 1.054), (20, 1.0, 0.0), (30, 0.0, 4.0)]
)
def test_what_is_added(codes: int, chance: float, odds: float) -> None:
    assert surprise_odds(codes, chance) == pytest.approx(odds, abs=0.001)
