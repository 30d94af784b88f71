"""What was found in texts is kept: looking again gives what looking at all of them would."""

import random
from pathlib import Path
from typing import Any

import pytest

from bifrost.links import Column, LinkKind, LinkState, LinkType
from linking.memory import MemoryData
from linking.mentions import apply, kept
from linking.mentions.kept import KeptScans, Remembering
from linking.workspace import Workspace

NAMES = [
    "Nordwind",
    "Alpen Feinkost GmbH",
    "Alpen",
    "Müller & Söhne KG",
    "Blue Ridge",
    "Ridge",
    "Kestrel Ltd",
    "Ostsee",
]
FILLER = [
    "the",
    "order",
    "of",
    "last",
    "week",
    "was",
    "late",
    "and",
    "invoice",
    "is",
    "still",
    "open",
    "please",
    "call",
]


def mention_type(column: bool) -> LinkType:
    tail = Column("desk", "ticket", ("body",)) if column else Column("files", "letters")
    head = Column("crm", "client", ("name",))
    return LinkType(
        "mentions", LinkKind.MENTION, tail, head, "names", state=LinkState.CONFIRMED, transform={"also": "code"}
    )


def found(data: MemoryData, link_type: LinkType, scans: KeptScans | None) -> list[Any]:
    """All mentions in the order in which they were found."""
    workspace = Workspace()
    with workspace.using(data):
        scanned = apply.scan_texts(workspace, data, link_type, scans)
        assert scanned is not None
        edges = apply.mention_edges(workspace, data, link_type, kept=scans)
    workspace.close()
    return [(scanned.mentions, list(scanned.place)), edges]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many texts were looked through, and how many there were, each time something was kept."""
    seen: list[tuple[int, int]] = []
    keep = KeptScans.keep

    def counted(self: KeptScans, key: str, made: Remembering) -> None:
        seen.append((made.looked_through, len(made.found)))
        keep(self, key, made)

    monkeypatch.setattr(KeptScans, "keep", counted)
    return seen


@pytest.mark.parametrize("kind", ["column", "pages", "scanned pages"])
@pytest.mark.parametrize("seed", range(3))
def test_texts_that_stay_are_not_looked_through(
    tmp_path: Path, looked: list[tuple[int, int]], kind: str, seed: int
) -> None:
    chance, link_type = random.Random(seed), mention_type(kind == "column")
    clients = {
        n: {"name": f"{chance.choice(NAMES)} {chance.choice(['', 'Nord', 'West'])}".strip(), "code": f"AB-{n:04}"}
        for n in range(80)
    }

    def text() -> str:
        words = [chance.choice(FILLER) for _ in range(12)]
        for _ in range(chance.randrange(4)):
            client = clients.get(chance.randrange(90), {"name": "Nobody", "code": "AB-9999"})
            said = client[chance.choice(("name", "code"))]
            words.insert(chance.randrange(12), said.replace("0", "O", 1) if chance.random() < 0.2 else said)
        return " ".join(words)

    texts = {f"{n:03}": text() for n in range(60)}
    for step in range(8):
        data = MemoryData()
        data.add_rows("crm", "client", [{"id": n, **said} for n, said in clients.items()])
        if kind == "column":
            data.add_rows("desk", "ticket", [{"no": key, "body": body} for key, body in texts.items()])
        else:
            pages = {key: [body, body[::-1]] for key, body in texts.items()}
            data.add_documents("files", "letters", pages, from_ocr=kind == "scanned pages")
        plain = found(data, link_type, None)
        assert any(plain[0][0].values())
        assert found(data, link_type, KeptScans(tmp_path, large=1)) == plain, f"step {step}"
        for key in chance.sample(list(texts), 3):
            texts[key] = text()
        match chance.randrange(4):
            case 0:
                clients[chance.choice(list(clients))]["name"] = chance.choice(NAMES) + " Neu"
            case 1:
                del clients[chance.choice(list(clients))]
            case 2:
                clients[100 + step] = {"name": "invoice", "code": f"AB-{100 + step:04}"}
            case _:
                pass
    again = [(some, all_) for some, all_ in looked if all_]
    assert kind == "scanned pages" or any(0 < some < all_ / 2 for some, all_ in again)
    assert any(some == 0 for some, _ in again), "the same texts and names"


def test_damaged_and_foreign_files_are_as_good_as_none(
    tmp_path: Path, looked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, link_type = MemoryData(), mention_type(column=True)
    data.add_rows("crm", "client", [{"id": n, "name": name, "code": f"AB-{n:04}"} for n, name in enumerate(NAMES)])
    data.add_rows("desk", "ticket", [{"no": n, "body": f"about {name} and AB-0001"} for n, name in enumerate(NAMES)])
    plain = found(data, link_type, KeptScans(tmp_path, large=1))
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(files) == 3
    for damage in (b"", b"ARROW1\0\0 damaged", None):
        for path in files:
            good = path.read_bytes()
            path.unlink()
            if damage is not None:
                path.write_bytes(damage)
            assert found(data, link_type, KeptScans(tmp_path, large=1)) == plain
            assert path.read_bytes()[:6] == good[:6]
    texts = next(path for path in files if path.name == "texts.arrow")
    older = texts.read_bytes()
    assert found(data, link_type, KeptScans(tmp_path, large=1)) == plain
    texts.write_bytes(older)
    looked.clear()
    assert found(data, link_type, KeptScans(tmp_path, large=1)) == plain
    assert looked[0] == (8, 8), "files of two runs"
    looked.clear()
    monkeypatch.setattr(kept, "_code", lambda: "other code")
    assert found(data, link_type, KeptScans(tmp_path, large=1)) == plain
    assert looked[0] == (8, 8)


def test_few_texts_are_not_kept(tmp_path: Path) -> None:
    data, link_type = MemoryData(), mention_type(column=True)
    data.add_rows("crm", "client", [{"id": n, "name": name, "code": f"AB-{n:04}"} for n, name in enumerate(NAMES)])
    data.add_rows("desk", "ticket", [{"no": 1, "body": "about Nordwind"}])
    assert found(data, link_type, KeptScans(tmp_path))
    assert list(tmp_path.iterdir()) == []
