"""Mentions that fit several records: what speaks for each of them, and how sure each is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bifrost.links import LinkType
from linking.mentions.choice import load_choice
from linking.mentions.clues import gather_clues
from linking.mentions.context import MOST, Doubt, Said, doubts
from linking.mentions.propose import ACCEPT, labels_are_usual
from linking.mentions.scan import FoundMention, Head, confidence
from linking.workspace import Workspace

__all__ = ["Settled", "chosen", "doubtful", "settle"]

_CLEAR = 2.0
"""How many times as probable as the next one a record has to be."""
_SHOWN = 3


@dataclass(slots=True)
class Settled:
    """By the ``id`` of a mention how sure each of its records is; and why, by that id and the record."""

    scores: dict[int, list[float]] = field(default_factory=dict)
    reasons: dict[tuple[int, str], str] = field(default_factory=dict)


def doubtful(
    workspace: Workspace,
    link_type: LinkType,
    heads: Sequence[Head],
    mentions: Mapping[int, Sequence[FoundMention]],
    references: Sequence[LinkType],
    *,
    refused: bool = False,
) -> list[Doubt]:
    """The mentions that fit several records, with what their context says of each; with ``refused`` also those that are
    single ordinary words or plain numbers."""
    usual = {number: labels_are_usual(found) for number, found in mentions.items()}
    open_ = [
        m
        for number, found in mentions.items()
        for m in found
        if len(m.hit.entry.uids) <= MOST
        and (
            len(m.hit.entry.uids) >= 2
            if confidence(m, usual[number]) * len(m.hit.entry.uids) >= ACCEPT
            else refused and m.hit.similarity == 1
        )
    ]
    table = workspace.table(link_type.head.source, link_type.head.dataset)
    if not open_ or table is None:
        return []
    uids = list(dict.fromkeys(uid for m in open_ for uid in m.hit.entry.uids))
    clues = gather_clues(workspace, table, uids, references)
    if clues is None:
        return []
    numbers = {uid: n for n, uid in enumerate(uids)}
    told = _told(workspace, link_type, list(dict.fromkeys(m.uid for m in open_)))
    return doubts(clues, open_, {head.number: head for head in heads}, numbers, told, usual)


def settle(
    workspace: Workspace,
    link_type: LinkType,
    heads: Sequence[Head],
    mentions: Mapping[int, Sequence[FoundMention]],
    references: Sequence[LinkType],
) -> Settled:
    """How sure each record is of which a mention may speak. Mentions whose context does not clearly speak for one are left out."""
    open_ = doubtful(workspace, link_type, heads, mentions, references)
    settled = Settled()
    for doubt, found in zip(open_, load_choice().probabilities(open_), strict=True):
        best = chosen(doubt, found)
        if best is not None:
            settled.scores[id(doubt.mention)] = found.tolist()
            settled.reasons[id(doubt.mention), doubt.uids[best]] = _reason(doubt, doubt.said[best])
    return settled


def chosen(doubt: Doubt, probabilities: NDArray[np.float64]) -> int | None:
    """The place of the record that a mention clearly means: more probable than not, and than any other by far."""
    best = int(probabilities.argmax())
    rivals = np.delete(probabilities, best)
    clear = probabilities[best] >= ACCEPT and probabilities[best] >= _CLEAR * rivals.max(initial=0.0)
    return best if clear and not doubt.blank else None


def _reason(doubt: Doubt, said: Sequence[Said]) -> str:
    quote = " ".join(doubt.mention.text[doubt.mention.hit.begin : doubt.mention.hit.end].split())
    begin = f"{quote!r} fits {len(doubt.uids)} records"
    if not said:
        return f"{begin}; the text speaks against the others."
    shown = " and ".join(dict.fromkeys(s.column.said(s.value) for s in said[:_SHOWN]))
    where = "near it" if said[0].near > 0.3 * said[0].strength else "in the same text"
    return f"{begin}; {shown} of this one {'are' if ' and ' in shown else 'is'} {where}."


def _told(workspace: Workspace, link_type: LinkType, uids: Sequence[str]) -> dict[str, str]:
    """What documents (or the rows of a text column) say beside their text: the other columns, one a line."""
    table = workspace.table(link_type.tail.source, link_type.tail.dataset)
    columns = [c for c in table.stored.values() if c.name not in link_type.tail.columns] if table else []
    if table is None or not columns:
        return {}
    texts = [f"left(array_to_string({c.sql}, '\n'), 1000)" if c.is_list else f"left({c.sql}, 1000)" for c in columns]
    connection = workspace.connection
    connection.register("asked", pa.table({"uid": pa.array(uids, pa.string())}))
    rows = connection.execute(
        f"SELECT _uid, concat_ws(chr(10), {', '.join(texts)}) FROM {table.name} WHERE _uid IN (SELECT uid FROM asked)"
    ).fetchall()
    connection.unregister("asked")
    return dict(rows)
