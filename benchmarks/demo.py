"""The whole job on the demo company, whose every link is known: any size, any seed.

Makes the company of ``bifrost demo``, registers its ERP database, CRM export, price lists and documents, builds, answers
the review questions from ``truth.json`` as a person would (counting the answers), and compares the served graph with the
truth: the references that no key declares, which CRM accounts are which customers, and what each kind of document names.

The baselines ask nobody: columns whose every value is found in a unique column, accounts whose name and town are equal
letter by letter, and documents in whose text the key or the name of a record stands literally.
"""

import json
import resource
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from api.compose import open_service
from api.demo import make_company
from api.service import Service
from benchmarks.report import Report, arguments, f1_score
from bifrost.graph import FragmentOrigin
from bifrost.links import Column, LinkKind, LinkType, Verdict
from bifrost.log import configure_logging
from bifrost.pipeline import Step
from bifrost.settings import load_settings

Pairs = set[tuple[str, ...]]

KEYS = {
    "customer": ("customer", "customer_no"), "product": ("product", "article_no"), "order": ("sales_order", "order_no"),
    "invoice": ("invoice", "invoice_no"), "employee": ("employee", "emp_id"),
}  # fmt: skip
"""What a document names -> the table of the ERP database that holds it, and its key."""
NAMES = {
    "customer": "company",
    "product": "title",
    "employee": "first_name || ' ' || last_name",
}
_SAME_TABLES = ({"crm.accounts", "erp.customer"}, {"prices.price_list", "erp.product"})
_TRUE_SHARE = 0.5
"""A person confirms texts that name records when most of the examples shown are right."""


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.set_defaults(seed=7)
    parser.add_argument("--scale", type=int, default=1, help="size: 1 is about a hundred customers")
    parser.add_argument("--most-answers", type=int, default=60, help="answers after which the reviewer stops")
    parser.add_argument("--keep", type=Path, help="folder to keep the company and its graph in, or to go on with")
    parser.add_argument(
        "--verbose", action="store_true", help="print every question with its answer, and what is wrong"
    )
    options = parser.parse_args()
    report = Report("demo", options.seed)
    with tempfile.TemporaryDirectory(prefix="bifrost-demo-") as scratch:
        work = options.keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        make_company(work / "company", scale=options.scale, seed=options.seed)
        run(work, report, most_answers=options.most_answers, verbose=options.verbose)
    report.write(options.json)


@dataclass
class Reviewer:
    """Answers questions from the truth, in the order in which they are asked."""

    service: Service
    truth: Mapping[str, Any]
    answers: int = 0
    confirmed: Pairs = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    def work(self, most: int) -> None:
        while self.answers < most:
            questions = self.service.questions()
            if not questions:
                return
            question = questions[0]
            right = self.holds(question)
            self.service.judge(question.id, Verdict.CONFIRM if right else Verdict.REJECT, "reviewer")
            self.answers += 1
            if right and question.kind is LinkKind.REFERENCE and question.tail.source != "documents":
                self.confirmed.add((column_name(question.tail), column_name(question.head)))
            self.log.append(
                f"{'yes' if right else 'no ':4}{question.kind:12} {question.probability:.2f} "
                f"{question.tail} -[{question.name}]-> {question.head}"
            )

    def holds(self, question: LinkType) -> bool:
        tail, head = column_name(question.tail), column_name(question.head)
        match question.kind:
            case LinkKind.REFERENCE if question.tail.source == "documents":
                return self._mentioned(question)
            case LinkKind.REFERENCE:
                return bool(self.truth["references"].get(tail) == head)
            case LinkKind.SAME_THING:
                return {tail, head} in _SAME_TABLES
            case LinkKind.MENTION if question.tail.source == "documents":
                return self._mentioned(question)
            case LinkKind.MENTION:
                return question.tail.dataset == "tickets" and question.head.dataset == "product"
        return False

    def _mentioned(self, question: LinkType) -> bool:
        kinds = {table: kind for kind, (table, _) in KEYS.items()}
        kind = kinds.get(question.head.dataset)
        if kind is None or not question.examples:
            return False
        right = 0
        for example in question.examples:
            path, key = (unquote(uid.rsplit("/", 1)[-1]) for uid in (example.tail, example.head))
            right += key in self.truth["documents"].get(path, {}).get(kind, ())
        return right >= _TRUE_SHARE * len(question.examples)


def column_name(column: Column) -> str:
    """``source.table.column``; the sheets of a workbook are one table."""
    table = f"{column.source}.{column.dataset.partition('#')[0]}"
    return f"{table}.{'+'.join(column.columns)}" if column.columns else table


def run(work: Path, report: Report, *, most_answers: int, verbose: bool = False) -> None:
    """Builds and reviews in ``work``, which holds the company, and adds all figures to the report."""
    company = work / "company"
    truth = json.loads((company / "truth.json").read_text(encoding="utf-8"))
    settings = load_settings(data_dir=work / "data", log_level="error")
    configure_logging(settings)
    service = open_service(settings)
    started = time.monotonic()
    stages = _build(service, company)
    report.add("seconds", time.monotonic() - started, note="registering and building")
    proposed: Pairs = {
        (column_name(one.tail), column_name(one.head))
        for one in service.questions()
        if one.kind is LinkKind.REFERENCE and one.probability >= 0.5 and one.tail.source != "documents"
    }
    asked = time.monotonic()
    reviewer = Reviewer(service, truth)
    reviewer.work(most_answers)
    report.add("seconds.review", time.monotonic() - asked, note="retraining and applying after all answers")
    for stage, seconds in stages.items():
        report.add(f"seconds.{stage}", seconds)
    report.add("answers", reviewer.answers, bar=most_answers, note=f"{len(service.questions())} questions left")
    expected, found, trivial = _truth(truth), _found(service), _trivial(service, company)
    expected["references"] = expected["references_unasked"] = set(truth["references"].items())
    trivial["references_unasked"] = trivial["references"]
    found |= {"references": reviewer.confirmed, "references_unasked": proposed}
    if any(kind == LinkKind.SAME_THING for kind in _confirmed_price_lists(service)):
        found["references"].add(("prices.price_list.Art.-Nr.", "erp.product.article_no"))
    for kind in sorted(expected):
        precision, recall, f1 = f1_score(found[kind], expected[kind])
        report.add(
            f"f1.{kind}",
            f1,
            baseline=f1_score(trivial[kind], expected[kind])[2],
            note=f"precision {precision:.3f}, recall {recall:.3f}, {len(expected[kind])} true",
        )
        if verbose:
            print(kind, "missed", sorted(expected[kind] - found[kind])[:12])
            print(kind, "wrong ", sorted(found[kind] - expected[kind])[:12])
    if verbose:
        print("\n".join(reviewer.log))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    workers = settings.reading_workers
    report.add("peak_mb", (own + workers * worker) / 1024, note=f"this process and {workers} workers")
    vertices, edges = service.store.view().label_counts()
    report.add("vertices", sum(vertices.values()))
    report.add("edges", sum(edges.values()))
    service.close()


def _build(service: Service, company: Path) -> dict[str, float]:
    """Registers and builds; seconds per stage."""
    if not service.store.catalog.sources():
        service.add_source("erp", "sql", {"url": f"sqlite:///{company / 'erp.sqlite'}"}, {})
        for name in ("crm", "prices", "documents"):
            service.add_source(name, "files", {"path": str((company / name).resolve())}, {})
    pipeline = service.pipeline
    build = service.store.catalog.add_build(()).id
    pipeline.begin(build)
    steps, errors = pipeline.plan(build)
    stages: dict[str, float] = defaultdict(float)
    for step in [*steps, Step("propose"), *pipeline.plan_links(), Step("publish")]:
        started = time.monotonic()
        errors |= pipeline.run_step(build, step)
        stages["read" if step.source == "documents" else step.stage] += time.monotonic() - started
    pipeline.end(build, errors)
    if errors:
        raise SystemExit(f"The build failed: {errors}")
    return dict(stages)


def _confirmed_price_lists(service: Service) -> list[LinkKind]:
    """The price list names articles either by a reference or by being the same thing: both are right."""
    return [
        one.kind
        for one in service.store.links.link_types()
        if one.state == "confirmed" and {column_name(one.tail), column_name(one.head)} == _SAME_TABLES[1]
    ]


def _truth(truth: Mapping[str, Any]) -> dict[str, Pairs]:
    pairs: dict[str, Pairs] = defaultdict(set)
    pairs["account_customer"] = set(truth["same"]["pairs"].items())
    for path, mentioned in truth["documents"].items():
        for kind, keys in mentioned.items():
            pairs[f"{_folder(path)}_{kind}"] |= {(path, key) for key in keys}
    return pairs


def _folder(path: str) -> str:
    return path.partition("/")[0]


def _found(service: Service) -> dict[str, Pairs]:
    """The pairs that the served graph links, named by the same keys as the truth."""
    pairs: dict[str, Pairs] = defaultdict(set)
    tables = {f"erp/{table}": (kind, key) for kind, (table, key) in KEYS.items()}
    for tails, heads in _linked(service):
        paths = [str(tail.properties["path"][0]) for tail in tails if tail.source == "documents"]
        for head in heads:
            kind, key = tables.get(f"{head.source}/{head.dataset}", ("", ""))
            for path in paths if kind else ():
                pairs[f"{_folder(path)}_{kind}"].add((path, str(head.properties[key][0])))
    view, cursor = service.store.view(), None
    while True:
        page = view.vertices("Customer", after=cursor, limit=1000)
        for vertex in page.items:
            origins = view.vertex_origins(vertex.id)
            accounts = [str(one.properties["acct_id"][0]) for one in origins if one.dataset == "accounts"]
            customers = [str(one.properties["customer_no"][0]) for one in origins if one.dataset == "customer"]
            pairs["account_customer"] |= {(a, c) for a in accounts for c in customers}
        cursor = page.cursor
        if cursor is None:
            return pairs


def _linked(service: Service) -> Iterator[tuple[list[FragmentOrigin], list[FragmentOrigin]]]:
    """The fragments at both ends of every edge."""
    view, cursor = service.store.view(), None
    known: dict[str, list[FragmentOrigin]] = {}

    def origins(vertex: str) -> list[FragmentOrigin]:
        if vertex not in known:
            known[vertex] = view.vertex_origins(vertex)
        return known[vertex]

    while True:
        page = view.edges(after=cursor, limit=5000)
        for edge in page.items:
            yield origins(edge.tail), origins(edge.head)
        cursor = page.cursor
        if cursor is None:
            return


def _trivial(service: Service, company: Path) -> dict[str, Pairs]:
    pairs: dict[str, Pairs] = defaultdict(set)
    columns: dict[str, list[str]] = {}
    data = service.store.linking_data()
    for summary in data.datasets():
        if summary.source not in ("erp", "crm", "prices"):
            continue
        for batch in data.rows(summary.source, summary.info.name):
            for name, values in zip(batch.schema.names, batch.columns, strict=True):
                texts = columns.setdefault(column_name(Column(summary.source, summary.info.name, (name,))), [])
                texts += [str(value) for value in values.to_pylist() if value is not None]
    columns = {name: texts for name, texts in columns.items() if texts and not name.endswith("._uid")}
    pairs["references"] = set(_contained(columns))
    with sqlite3.connect(company / "erp.sqlite") as database:
        wanted = database.execute("SELECT customer_no, company, city FROM customer").fetchall()
        texts_of = {
            kind: database.execute(f"SELECT {key}, {NAMES.get(kind, key)} FROM {table}").fetchall()
            for kind, (table, key) in KEYS.items()
        }
    database.close()
    for batch in data.rows("crm", "accounts"):
        for account in batch.to_pylist():
            named = account["acct_name"], account["town"]
            pairs["account_customer"] |= {(account["acct_id"], key) for key, *there in wanted if named == tuple(there)}
    for path, text in _texts(service):
        for kind, records in texts_of.items():
            hit = {(path, str(key)) for key, name in records if str(key) in text or (name and str(name) in text)}
            pairs[f"{_folder(path)}_{kind}"] |= hit
    return pairs


def _contained(columns: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Column pairs of different columns where every value of the first is found in the second, which is unique."""
    unique = {name: set(texts) for name, texts in columns.items() if len(set(texts)) == len(texts)}
    for tail, texts in columns.items():
        values = set(texts)
        yield from ((tail, head) for head, keys in unique.items() if tail != head and values <= keys)


def _texts(service: Service) -> Iterable[tuple[str, str]]:
    """Path and text of every document, as read."""
    texts: dict[str, list[str]] = defaultdict(list)
    for batch in service.store.linking_data().pages("documents", "files"):
        for uid, text in zip(batch.column("_uid").to_pylist(), batch.column("text").to_pylist(), strict=True):
            texts[unquote(uid.rsplit("/", 1)[-1])].append(text)
    return ((path, "\n".join(pages)) for path, pages in sorted(texts.items()))


if __name__ == "__main__":
    main()
