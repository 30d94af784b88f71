"""Entry points: same-thing pairs of a confirmed link type, and of two tables at hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bifrost.catalog import Progress
from bifrost.links import Column, Judgement, LinkKind, LinkState, LinkType, PairLesson, PairQuestion, SamePairs, Verdict
from bifrost.ports import Encoder, LinkingData, ProgressSink
from linking.conditions import condition_sql
from linking.records.adapt import Answers
from linking.records.alignment import UID, records_of
from linking.records.fields import Records
from linking.records.kept import KeptTasks
from linking.records.linked import Linked
from linking.records.matching import Matching, match_records
from linking.records.options import MatchOptions
from linking.records.questions import choose

__all__ = ["Links", "answers_of", "match", "match_tables", "next_pairs", "pair_answers", "resolve", "same_pairs"]

_ASKED = 20
"""So many questions are kept beside the pairs of a link type; an answer changes what is worth asking next."""

Links: TypeAlias = Callable[[Records], Sequence[Linked]]
"""What the records of a task are linked to."""


def match(
    link_type: LinkType,
    data: LinkingData,
    judgements: Sequence[Judgement],
    progress: ProgressSink,
    *,
    encoder: Encoder | None = None,
    options: MatchOptions | None = None,
    kept: KeptTasks | None = None,
    links: Links | None = None,
) -> SamePairs:
    """The scored pairs of a same-thing link type, best first; those at or above its threshold are to be merged.

    Columns are aligned by their order in the link type, or by name and content where it names none.
    """
    matching = resolve(link_type, data, judgements, progress, encoder=encoder, options=options, kept=kept, links=links)
    return same_pairs(matching, pair_answers(link_type.id, judgements))


def same_pairs(matching: Matching, judged: Mapping[tuple[str, str], bool]) -> SamePairs:
    """What a run found, as linkers hand it out."""
    summary = replace(matching.summary(), questions=tuple(choose(matching, _ASKED, judged)))
    return SamePairs(matching.same_pairs(), summary)


def next_pairs(
    link_type: LinkType,
    data: LinkingData,
    judgements: Sequence[Judgement],
    progress: ProgressSink,
    count: int = 10,
    *,
    encoder: Encoder | None = None,
    kept: KeptTasks | None = None,
) -> list[PairQuestion]:
    """The pairs of a same-thing link type whose answers would help most, the most helpful first."""
    matching = resolve(link_type, data, judgements, progress, encoder=encoder, kept=kept)
    return choose(matching, count, pair_answers(link_type.id, judgements))


def resolve(
    link_type: LinkType,
    data: LinkingData,
    judgements: Sequence[Judgement],
    progress: ProgressSink,
    *,
    encoder: Encoder | None = None,
    options: MatchOptions | None = None,
    kept: KeptTasks | None = None,
    links: Links | None = None,
    known: Sequence[LinkType] = (),
    lessons: Sequence[PairLesson] = (),
) -> Matching:
    """Like :func:`match`, with all that is known about the run. Raises InputError for columns that do not exist.

    Of ``known`` link types, confirmed and rejected same-concept ones tell which columns to compare, where the type names none.
    """
    progress(Progress("match", link_type.name, 0, 2, "reading records"))
    tail, head = link_type.tail, link_type.head
    dirty = (tail.source, tail.dataset) == (head.source, head.dataset)
    left = _where(_rows(data, tail), link_type.condition)
    right = None if dirty else _rows(data, head)
    columns = None
    if tail.columns and len(tail.columns) == len(head.columns):
        columns = list(zip(tail.columns, head.columns, strict=True))
    options = options or MatchOptions(threshold=link_type.threshold or MatchOptions().threshold)
    progress(Progress("match", link_type.name, 1, 2, f"comparing {left.num_rows:,} records"))
    return match_tables(
        left, right, columns=columns, judged=pair_answers(link_type.id, judgements), encoder=encoder, options=options,
        kept=kept, key=link_type.id, links=links, concepts=judged_concepts(link_type, known), lessons=lessons,
    )  # fmt: skip


def judged_concepts(link_type: LinkType, known: Sequence[LinkType]) -> dict[tuple[str, str], bool]:
    """Column pairs of both tables of a same-thing type that people said to mean the same (confirmed) or not (rejected)."""
    ends = [(side.source, side.dataset) for side in (link_type.tail, link_type.head)]
    found: dict[tuple[str, str], bool] = {}
    for one in known:
        if one.kind is not LinkKind.SAME_CONCEPT or one.state not in (LinkState.CONFIRMED, LinkState.REJECTED):
            continue
        sides = [one.tail, one.head]
        if [(side.source, side.dataset) for side in sides] != ends:
            sides.reverse()
        if [(side.source, side.dataset) for side in sides] == ends and all(len(side.columns) == 1 for side in sides):
            found[sides[0].columns[0], sides[1].columns[0]] = one.state is LinkState.CONFIRMED
    return found


def match_tables(
    left: pa.Table,
    right: pa.Table | None = None,
    *,
    columns: Sequence[tuple[str, str]] | None = None,
    judged: Mapping[tuple[str, str], bool] | None = None,
    encoder: Encoder | None = None,
    options: MatchOptions | None = None,
    only: Sequence[str] | None = None,
    kept: KeptTasks | None = None,
    key: str = "",
    links: Links | None = None,
    concepts: Mapping[tuple[str, str], bool] | None = None,
    lessons: Sequence[PairLesson] = (),
) -> Matching:
    """Matches two tables, or finds the duplicates inside one (``right`` None).

    Tables have a ``_uid`` column and text columns (:meth:`bifrost.ports.LinkingData.rows`). ``columns`` are the column
    pairs to compare, by default those that say the same by name and content (the encoder reads the names). ``judged``
    maps uid pairs to people's answers. ``only`` restricts the work to pairs of these left records. What ``kept`` knows of an
    earlier run under the same ``key`` is not done again. ``links`` tells what records are linked to,
    ``concepts`` which column pairs people said to mean the same or not; ``lessons`` are answers about other tables.
    Raises InputError for unknown columns.
    """
    records = records_of(left, right, columns, encoder, concepts)
    answers = Answers.of(records, judged or {}, lessons) if judged or lessons else None
    linked = links(records) if links is not None else ()
    if only is not None:
        return match_records(records, options, answers=answers, rows=rows_of(records, only), linked=linked)
    return (kept or _TASKS).match(key, records, options, answers, linked)


_TASKS = KeptTasks()
"""Of tables at hand the latest task is kept in memory."""


def rows_of(records: Records, uids: Sequence[str]) -> NDArray[np.int64]:
    """Row numbers of the left records with these uids, ascending."""
    mask = pc.is_in(records.left_uids, value_set=pa.array(list(uids), pa.string()))
    return np.asarray(pc.indices_nonzero(mask).to_numpy(), np.int64)


def answers_of(judgements: Sequence[Judgement], link_type_id: str) -> list[tuple[str, bool]]:
    """``tail uid|head uid`` of each pair of a link type that people judged, and whether it is the same thing.

    A later answer about a pair replaces an earlier one; undone and unsure answers do not count.
    """
    prefix = link_type_id + "|"
    latest: dict[str, bool | None] = {}
    for j in sorted(judgements, key=lambda j: j.id):
        if j.subject.startswith(prefix) and j.undone_at is None:
            verdict = {Verdict.CONFIRM: True, Verdict.REJECT: False, Verdict.DELETE: False}.get(j.verdict)
            latest[j.subject.removeprefix(prefix)] = verdict
    return [(pair, same) for pair, same in latest.items() if same is not None]


def pair_answers(link_type_id: str, judgements: Sequence[Judgement]) -> dict[tuple[str, str], bool]:
    """Answers by uid pair. Uids may hold the separator, so every way to split is kept; unknown uids are ignored later."""
    found: dict[tuple[str, str], bool] = {}
    for text, same in answers_of(judgements, link_type_id):
        for at, letter in enumerate(text):
            if letter == "|":
                found[text[:at], text[at + 1 :]] = same
    return found


def _rows(data: LinkingData, side: Column) -> pa.Table:
    batches = [pa.Table.from_batches([b]) for b in data.rows(side.source, side.dataset)]
    if not batches:
        return pa.table({UID: pa.array([], pa.string()), **{c: pa.array([], pa.string()) for c in side.columns}})
    return pa.concat_tables(batches, promote_options="default")


def _where(table: pa.Table, condition: str) -> pa.Table:
    """The rows that a condition lets through. Names that differ by case only, which the engine would confuse, stay apart."""
    if not condition.strip():
        return table
    names = [c for c in table.column_names if c != UID]
    plain = {f"c{i}": table[name] for i, name in enumerate(names)}
    texts = {name: _text(f"c{i}", table.schema.field(name).type) for i, name in enumerate(names)}
    with duckdb.connect() as connection:
        connection.register("candidate", pa.table({"place": np.arange(table.num_rows), **plain}))
        query = f"SELECT place FROM candidate WHERE {condition_sql(condition, texts)} ORDER BY place"
        return table.take(connection.execute(query).fetchnumpy()["place"])


def _text(sql: str, type: pa.DataType) -> str:
    """A column as one text, as conditions on other link types see it."""
    is_list = pa.types.is_list(type) or pa.types.is_large_list(type)
    return f"array_to_string({sql}, '; ')" if is_list else f"{sql}::VARCHAR"
