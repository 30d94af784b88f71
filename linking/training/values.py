"""Invented values for training schemas: names out of syllables, codes, dates, numbers. Nothing here is real data."""

import random
from collections.abc import Callable
from datetime import date, timedelta

__all__ = ["KEY_STYLES", "KINDS", "make_key", "word"]

_ONSETS = "b br c ch cl d dr f fl g gr h j k kl l m n p pr qu r s sch sh st t tr v w z".split()  # noqa: SIM905
_VOWELS = "a e i o u ai ea ei ie oo ou".split()  # noqa: SIM905
_CODAS = ["", "", "", "n", "r", "s", "l", "t", "nd", "rt", "ck", "m"]
_ENDINGS = ["Ltd", "Inc", "GmbH", "& Sons", "Group", "Corp", "Trading", "AG", "S.A.", "Partners"]
_TITLES = ["Manager", "Sales Representative", "Owner", "Engineer", "Accountant", "Director", "Assistant", "Analyst"]


def word(rng: random.Random, low: int = 1, high: int = 3) -> str:
    """A pronounceable invented word."""
    return "".join(
        rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.randint(low, high))
    )


def _cap(rng: random.Random, low: int = 1, high: int = 3) -> str:
    return word(rng, low, high).capitalize()


def _pool(rng: random.Random, size: int, make: Callable[[], str]) -> Callable[[], str]:
    values = [make() for _ in range(size)]
    return lambda: rng.choice(values)


def _date(rng: random.Random) -> str:
    return (date(1990, 1, 1) + timedelta(days=rng.randint(0, 12_000))).isoformat()


def _zipf(rng: random.Random, top: int) -> int:
    return min(int(rng.paretovariate(0.9)), top)


def makers(rng: random.Random) -> dict[str, Callable[[], object]]:
    """One maker per value kind, sharing pools of first names, cities and so on, as one company's data would."""
    firsts, lasts = _pool(rng, 60, lambda: _cap(rng, 1, 2)), _pool(rng, 150, lambda: _cap(rng, 1, 3))
    cities, countries = _pool(rng, 80, lambda: _cap(rng, 2, 3)), _pool(rng, 25, lambda: _cap(rng, 2, 3))
    nouns = [word(rng, 1, 2) for _ in range(200)]
    small, medium = rng.choice([20, 60, 120]), rng.choice([500, 3_000])
    price_steps = rng.random() < 0.5
    return {
        "first": firsts,
        "last": lasts,
        "person": lambda: f"{firsts()} {lasts()}",
        "company": lambda: f"{_cap(rng)} {rng.choice(_ENDINGS)}",
        "title": lambda: rng.choice(_TITLES),
        "street": lambda: f"{_cap(rng)} Street {rng.randint(1, 200)}",
        "city": cities,
        "country": countries,
        "phone": lambda: f"({rng.randint(100, 999)}) {rng.randint(100, 999)}-{rng.randint(1000, 9999)}",
        "email": lambda: f"{firsts()}.{lasts()}@{rng.choice(nouns)}.com".lower(),
        "noun": lambda: rng.choice(nouns).capitalize(),
        "product": lambda: f"{_cap(rng)} {rng.choice(nouns)} {rng.choice(['', rng.randint(1, 900)])}".strip(),
        "phrase": lambda: " ".join(rng.choice(nouns) for _ in range(rng.randint(2, 5))).capitalize(),
        "sentence": lambda: " ".join(rng.choice(nouns) for _ in range(rng.randint(8, 30))).capitalize() + ".",
        "short": lambda: rng.choice(nouns)[:4].upper(),
        "code": lambda: f"{rng.choice('ABCDEFGH')}{rng.randint(100, 99999)}",
        "digits": lambda: str(rng.randint(10**7, 10**9)),
        "date": lambda: _date(rng),
        "year": lambda: rng.randint(1950, 2024),
        "flag": lambda: rng.choice(["0", "1"]) if rng.random() < 0.97 else "1",
        "rank": lambda: _zipf(rng, 12),
        "small": lambda: rng.randint(0, small),
        "medium": lambda: rng.randint(0, medium),
        "large": lambda: rng.randint(1_000, 900_000),
        "float": lambda: round(rng.uniform(-90, 180), 4),
        "ratio": lambda: rng.choice([0, 0.05, 0.1, 0.15, 0.2, 0.25]),
        "price": lambda: (
            rng.choice([0.99, 4.99, 9.5, 12, 19.99, 45]) if price_steps else round(rng.expovariate(0.02), 2)
        ),
    }


KINDS = tuple(makers(random.Random(0)))  # noqa: S311
KEY_STYLES = (
    "serial",
    "serial",
    "serial",
    "serial",
    "offset",
    "sparse",
    "code",
    "article",
    "padded",
    "letters",
    "uuid",
)


def make_key(rng: random.Random, style: str, table: str, rows: int) -> list[object]:
    """``rows`` different keys of one style; ``serial`` counts from 1 as most databases do."""
    match style:
        case "serial":
            return list(range(1, rows + 1))
        case "offset":
            start = rng.choice([100, 1_000, 10_000, 10_248, 50_000])
            return list(range(start, start + rows))
        case "sparse":
            return list(rng.sample(range(1, 40 * rows + 100), rows))
        case "code":
            prefix = table[: rng.randint(1, 4)].upper() + rng.choice(["-", "_", ""])
            return [f"{prefix}{n:0{rng.choice([4, 5])}d}" for n in range(1, rows + 1)]
        case "article":
            numbers = rng.sample(range(100, 1_000 + 5 * rows), rows)
            return [f"{rng.choice(['AN', 'SE', 'LB'])}-{n}-{rng.choice('ABCDX')}{n % 9}" for n in numbers]
        case "padded":
            return [f"{n:05d}" for n in rng.sample(range(1, 20 * rows + 50), rows)]
        case "day number":
            start = rng.choice([30_000, 2_400_000]) + rng.randint(0, 20_000)
            return list(range(start, start + rows))
        case "date digits":
            first = date(rng.randint(1990, 2020), 1, 1)
            return [int((first + timedelta(days=n)).strftime("%Y%m%d")) for n in range(rows)]
        case "letters":
            found: dict[str, None] = {}
            while len(found) < rows:
                found["".join(rng.choice("ABCDEFGHIKLMNOPRSTUVW") for _ in range(5))] = None
            return list(found)
        case _:
            return [f"{rng.getrandbits(64):016x}" for _ in range(rows)]
