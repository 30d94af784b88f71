"""Bad and odd input: no crash, no hang, bounded work."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from bifrost.errors import InputError
from bifrost.links import Judgement, Verdict
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind
from linking.knowledge import export_knowledge, import_knowledge
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from tests.linking.company import company, quiet

ODD = [
    "\x00",
    "a\x00b",
    "'; DROP TABLE t0; --",
    "\ud7ff",
    "🦊" * 50,
    "x" * 100_000,
    " ",
    "\n\n",
    "NaN",
    "-0",
    "1e999",
    "[",
    "]]",
    "(((",
]


BEYOND = b'{"format":"bifrost-linking-knowledge-1","kinds":{"reference":[{"confirmed":true,"features":{"a":1%s}}]}}' % (
    b"0" * 400
)


def propose(data: MemoryData) -> int:
    linker = BifrostLinker()
    found = linker.propose(data, (), (), quiet)
    for link_type in found:
        for _ in linker.links(link_type, data, (), quiet) if link_type.kind in ("reference", "mention") else ():
            pass
    linker.close()
    return len(found)


def test_odd_values_and_names_are_data_not_code() -> None:
    data = MemoryData()
    rows = [
        {'we"ird; name': ODD[n % len(ODD)] + str(n), "": n, "select": f"k{n % 7}", "ünï": ODD[n % len(ODD)]}
        for n in range(60)
    ]
    data.add_rows("s'q", 'da"ta; drop', rows)
    data.add_rows("s'q", "keys", [{"select": f"k{n}", "'": "x"} for n in range(7)])
    data.add_documents("s'q", "texts", {"a": ODD, "b": [""], "c": ["\n".join(ODD)]}, from_ocr=True)
    assert propose(data) >= 0


def test_tables_without_rows_columns_or_values() -> None:
    data = MemoryData()
    data.add_rows("a", "nothing", [])
    data.add_rows("a", "empty", [], DatasetInfo("empty", DatasetKind.TABLE, (ColumnInfo("id"), ColumnInfo("x"))))
    data.add_rows("a", "nulls", [{"id": None, "x": None} for _ in range(10)])
    data.add_rows("a", "one", [{"id": "1"}])
    data.add_rows("a", "blank", [{"id": "  ", "x": ""} for _ in range(10)])
    data.add_documents("a", "no documents", {})
    assert propose(data) == 0


def test_columns_that_turn_into_lists_half_way() -> None:
    class Changing(MemoryData):
        def rows(self, source: str, dataset: str):  # type: ignore[no-untyped-def]
            yield pa.record_batch({"_uid": ["a/t/1"], "k": ["v1"]})
            yield pa.record_batch(
                {"_uid": ["a/t/2"], "k": pa.array([["v2", "v3"]], pa.list_(pa.string())), "late": ["x"]}
            )
            yield pa.record_batch({"_uid": pa.array([], pa.string())})

    data = Changing()
    data.add_rows("a", "t", [{"k": "v"}])
    assert propose(data) >= 0


def test_a_very_wide_table_is_profiled() -> None:
    data = MemoryData()
    data.add_rows("a", "wide", [{f"c{i}": (n * i) % 17 for i in range(300)} for n in range(20)])
    assert propose(data) < 50


def test_a_source_that_fails_half_way_leaves_the_linker_usable() -> None:
    class Failing(MemoryData):
        def rows(self, source: str, dataset: str):  # type: ignore[no-untyped-def]
            yield from list(super().rows(source, dataset))[:1]
            raise OSError("connection lost")

    broken = Failing()
    broken.add_rows("a", "t", [{"k": n} for n in range(5)])
    linker = BifrostLinker()
    with pytest.raises(OSError, match="connection lost"):
        linker.propose(broken, (), (), quiet)
    assert linker.propose(company(), (), (), quiet)
    linker.close()
    linker.close()
    assert linker.propose(company(), (), (), quiet)
    linker.close()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"format": "x", "kinds": {}}', b'{"format": 1}', BEYOND]
)
def test_what_is_no_knowledge_is_refused(content: bytes) -> None:
    with pytest.raises(InputError):
        import_knowledge(content)


def test_exported_knowledge_holds_no_names_and_no_values() -> None:
    linker = BifrostLinker()
    known = linker.propose(company(), (), (), quiet)
    linker.close()
    answers = [
        Judgement(n, t.id, Verdict.CONFIRM, "ann", datetime(2026, 1, 1, tzinfo=UTC)) for n, t in enumerate(known)
    ]
    content = export_knowledge(known, answers)
    assert len(import_knowledge(content)) == len(known)
    for secret in (b"customer_id", b"CUST-", b"orders", b"ann", b"erp"):
        assert secret not in content
