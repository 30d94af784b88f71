"""Tables of made-up people for the tests of record matching."""

import numpy as np
import pyarrow as pa

START = ["an", "ber", "car", "die", "el", "fran", "gre", "han", "in", "jo", "kla", "lu", "mar", "nil", "ol", "pau"]
FIRST = [start + end for start in START for end in ("a", "ka", "rid", "mut", "o")]
LAST = [start + end for start in START for end in ("ler", "bach", "mann", "ert", "ow", "stein", "hoff", "ske")]
CITY = ["berlin", "hamburg", "munich", "cologne", "frankfurt", "stuttgart", "dresden", "leipzig", "bremen", "hanover"]


def people(count: int, seed: int = 0) -> list[dict[str, str]]:
    """People who differ from each other in at least their mail address."""
    generator = np.random.default_rng(seed)
    rows = []
    for k in range(count):
        first, last = (names[int(generator.integers(len(names)))] for names in (FIRST, LAST))
        year = int(generator.integers(1940, 2005))
        rows.append(
            {
                "name": f"{first} {last}",
                "city": CITY[int(generator.integers(len(CITY)))],
                "born": f"{year}-{int(generator.integers(1, 13)):02d}-{int(generator.integers(1, 29)):02d}",
                "mail": f"{first[:2]}{last[:3]}{k * 7919 % 10007}@{CITY[k % 7]}.example",
            }
        )
    return rows


def misspell(rows: list[dict[str, str]], seed: int = 1, share: float = 0.3) -> list[dict[str, str]]:
    """The same people with swapped letters and missing values."""
    generator = np.random.default_rng(seed)
    made = []
    for row in rows:
        copy = dict(row)
        for name, value in row.items():
            if generator.random() < share:
                at = int(generator.integers(0, len(value) - 1))
                copy[name] = value[:at] + value[at + 1] + value[at] + value[at + 2 :]
            elif generator.random() < share / 3:
                copy[name] = ""
        made.append(copy)
    return made


def table(rows: list[dict[str, str]], prefix: str) -> pa.Table:
    """Rows as LinkingData gives them; absent values are null."""
    columns = {n: pa.array([r.get(n) or None for r in rows], pa.string()) for n in (rows[0] if rows else ())}
    return pa.table({"_uid": pa.array([f"{prefix}/{k}" for k in range(len(rows))], pa.string()), **columns})
