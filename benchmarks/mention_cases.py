"""Documents of demo companies whose every mention is known, to fit and to test the scorer of mentions.

Seeds and sizes differ by split, none is that of a benchmark. Half of the companies are perturbed: columns and tables are
missing, labels are cut out of the texts, only some documents are there, names lose all but their first word.
"""

import email
import email.policy
import json
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pptx
import pypdfium2

from api.demo import make_company
from benchmarks.tables import add_sqlite
from bifrost.values import make_uid
from linking.memory import MemoryData
from linking.training.documents import WrittenCase

__all__ = ["cases", "text_of"]

_SEEDS = {"train": range(100, 110), "calibrate": range(200, 205), "test": range(300, 305)}
_TABLES = {
    "customer": "customer", "product": "product", "order": "sales_order", "invoice": "invoice", "employee": "employee",
}  # fmt: skip
_LABELS = re.compile(r"\b(Customer no\.|Your order|Invoice|Order|order|Contact|Article)\s*:?\s*")


def cases(split: str) -> Iterator[WrittenCase]:
    """Two cases per company: as it is, and perturbed."""
    for seed in _SEEDS[split]:
        rng = random.Random(f"mentions {seed}")
        with tempfile.TemporaryDirectory() as folder:
            make_company(Path(folder), scale=1, seed=seed)
            for perturbed in (False, True):
                yield _case(Path(folder), rng, perturbed=perturbed)


def _case(folder: Path, rng: random.Random, *, perturbed: bool) -> WrittenCase:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    everything = MemoryData()
    add_sqlite(everything, folder / "erp.sqlite", "erp", keys=True)
    data = _perturbed(everything, rng) if perturbed else everything
    texts = {path: text_of(folder / "documents" / path) for path in truth["documents"] if not path.startswith("scans/")}
    if perturbed:
        kept = rng.sample(sorted(texts), rng.choice((10, 30, 60, len(texts))))
        cut = rng.random() < 0.5
        texts = {path: _LABELS.sub("", texts[path]) if cut else texts[path] for path in kept}
    case = WrittenCase(data)
    one = rng.random() < 0.5
    folders = {"files": texts} if one else {
        name: {p: t for p, t in texts.items() if p.startswith(name)} for name in ("contracts", "slides", "invoices", "mail")
    }  # fmt: skip
    for name, group in folders.items():
        if group:
            data.add_documents("docs", name, {path: [text] for path, text in group.items()})
        for path in group:
            named = truth["documents"][path]
            uids = {make_uid("erp", _TABLES[kind], key) for kind, keys in named.items() for key in keys}
            case.truth[make_uid("docs", name, path)] = uids
    return case


def _perturbed(data: MemoryData, rng: random.Random) -> MemoryData:
    """Some tables and columns less, some names cut to their first word."""
    made = MemoryData()
    for summary in data.datasets():
        if rng.random() < 0.15:
            continue
        rows: list[dict[str, Any]] = [r for b in data.rows(summary.source, summary.info.name) for r in b.to_pylist()]
        names = [n for n in (rows[0] if rows else {}) if n != "_uid"]
        dropped = {n for n in names if n not in summary.info.key and rng.random() < 0.25}
        short = {n for n in names if n in ("company", "title") and rng.random() < 0.3}
        for row in rows:
            for name in short & row.keys():
                row[name] = str(row[name]).split(" ")[0]
        cut = [{n: v for n, v in row.items() if n not in dropped and n != "_uid"} for row in rows]
        made.add_rows(summary.source, summary.info.name, cut, summary.info)
    return made


def text_of(path: Path) -> str:
    match path.suffix:
        case ".pdf":
            document = pypdfium2.PdfDocument(path)
            text = "\n".join(page.get_textpage().get_text_range() for page in document)
            document.close()
            return text.replace("\r\n", "\n")
        case ".docx":
            file = docx.Document(str(path))
            cells = [" | ".join(cell.text for cell in row.cells) for table in file.tables for row in table.rows]
            return "\n".join([*(p.text for p in file.paragraphs), *cells])
        case ".pptx":
            shapes = [s for slide in pptx.Presentation(str(path)).slides for s in slide.shapes if s.has_text_frame]
            return "\n".join(shape.text_frame.text for shape in shapes)
        case _:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body()
            return f"{message['subject'] or ''}\n{body.get_content() if body is not None else ''}"
