"""``bifrost links ...``: the link types that were found, and what is asked and was answered about them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from api.cli import answers, learning
from api.cli.link_text import arrow, pair_text, share
from api.cli.output import Context, pass_context, plain, user_name
from bifrost.links import LinkKind, LinkState, LinkType, PairQuestion, SamePair
from linking.asking import Purpose, Question, said_of_pair
from linking.estimates import why_no_recall

if TYPE_CHECKING:
    from api.review_log import Asked

__all__ = ["commands"]

_STATES = [state.value for state in LinkState]
_MARKS = {"representative": "[green]+[/green]", "borderline": "[yellow]~[/yellow]", "counter": "[red]-[/red]"}


@click.group("links")
def links() -> None:
    """Review the types of links that were found: confirm, name, correct, reject, teach, undo."""


@links.command("list")
@click.option(
    "--state", "states", type=click.Choice(_STATES), multiple=True, help="Only these; default: open proposals."
)
@click.option("--all", "everything", is_flag=True, help="All states.")
@pass_context
def list_links(context: Context, states: tuple[str, ...], everything: bool) -> None:
    """What to answer next, the most worthwhile question first: link types, and pairs of records that would teach most."""
    if not everything and not states:
        _queue(context, context.service.queue(user_name()))
        return
    found = context.service.store.links.link_types(tuple(LinkState(state) for state in states))
    served = context.service.store.links.served([one.id for one in found if one.state is LinkState.CONFIRMED])
    context.table(
        found,
        {
            "id": [one.id for one in found],
            "state": [one.state for one in found],
            "p": [f"{one.probability:.2f}" for one in found],
            "kind": [one.kind for one in found],
            "link": [f"{one.tail} -[{one.name}]-> {one.head}" for one in found],
            "edges": [served.get(one.id, one.estimated_edges) for one in found],
            "precision": [share(context.service.review.precision(one)) for one in found],
            "recall": ["-" if (r := context.service.review.recall(one)) is None else share(r) for one in found],
        },
        "No link types wait for an answer.",
        below="link",
    )


def _queue(context: Context, questions: Sequence[Question]) -> None:
    context.table(
        [_row(one) for one in questions],
        {
            "id": [one.link_type.id for one in questions],
            "asked": [_asked(one) for one in questions],
            "p": [_chance(one) for one in questions],
            "kind": [one.link_type.kind for one in questions],
            "question": [_question(one) for one in questions],
            "edges": [one.link_type.estimated_edges if one.pair is None else 1 for one in questions],
        },
        "Nothing waits for an answer.",
        below="question",
    )


def _row(one: Question) -> dict[str, Any]:
    """The link type as it is listed elsewhere, and what is asked about it."""
    shown = {**plain(one.link_type), "pair": plain(one.pair), "purpose": one.purpose.value, "blind": one.blind}
    if one.blind:
        shown |= {"probability": None, "baseline": None, "features": {}}
    return shown


def _asked(one: Question) -> str:
    return one.purpose if one.purpose is not Purpose.DECIDE else "type" if one.pair is None else "pair"


def _chance(one: Question) -> str:
    if one.blind:
        return "hidden"
    return f"{one.link_type.probability if one.pair is None else one.pair.score:.2f}"


def _question(one: Question) -> str:
    if one.pair is None:
        return f"{one.link_type.tail} -[{one.link_type.name}]-> {one.link_type.head}"
    return f"{one.pair.left} ~ {one.pair.right}"


@links.command("show")
@click.argument("id")
@pass_context
def show(context: Context, id: str) -> None:
    """One link type with its reasons, examples and counter-examples."""
    one = context.service.store.links.link_type(id)
    lines = [
        f"[bold]{arrow(one)}[/bold]",
        f"{one.kind}, {one.state}, probability {one.probability:.2f} (explicit features alone: {one.baseline:.2f})",
        f"{one.cardinality or 'cardinality unknown'}, {_given(context, one)}",
        _quality(context, one),
        *(f"  · {escape(reason)}" for reason in one.reasons),
        *(f"  {_MARKS[example.role]} {pair_text(example)}" for example in (*one.examples, *one.counter_examples)),
        f"  [dim]{', '.join(f'{mark} {role}' for role, mark in _MARKS.items())}[/dim]",
    ]
    context.show(one, "\n".join(lines))


def _given(context: Context, one: LinkType) -> str:
    """What it links, or would link."""
    same = one.kind is LinkKind.SAME_THING
    if one.state is not LinkState.CONFIRMED:
        return "its records are matched once it is confirmed" if same else f"about {one.estimated_edges:,} edges"
    given = context.service.store.links.served([one.id])[one.id]
    return f"{given:,} pair{'' if given == 1 else 's'} merged" if same else f"{given:,} edges"


def _quality(context: Context, one: LinkType) -> str:
    """Estimated precision and recall with their intervals."""
    review = context.service.review
    recall = review.recall(one)
    said = why_no_recall(one) if recall is None else share(recall)
    return f"estimated precision {share(review.precision(one))}, recall {said}"


@links.command("pairs")
@click.argument("id")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--least-sure", is_flag=True, help="The nearest to the threshold first.")
@click.option("--ask", is_flag=True, help="Those whose answers would help most; answer with 'links pair'.")
@pass_context
def pairs(context: Context, id: str, limit: int, least_sure: bool, ask: bool) -> None:
    """Scored pairs of a link type."""
    asked = context.service.pair_questions(id, limit) if ask else []
    found: Sequence[PairQuestion | SamePair] = [one.pair for one in asked if one.pair is not None]
    if not ask:
        found = context.service.store.links.pairs(id, limit=limit, least_sure_first=least_sure)
    context.table(
        asked if ask else found,
        {
            "score": [f"{pair.score:.3f}" for pair in found],
            "left": [pair.left for pair in found],
            "right": [pair.right for pair in found],
            "why": [said_of_pair(pair.evidence) for pair in found],
        },
        "No pair of this link type is worth a question (now)." if ask else "This link type has no pairs (yet).",
    )


@links.command("reviewers")
@pass_context
def reviewers(context: Context) -> None:
    """Who answered how much, and how far people agree (Cohen's kappa)."""
    found = context.service.review.reviewed()
    lines = [
        f"{escape(r.name)}: {r.answers} answers, {r.confirmed} confirmed, {r.rejected} rejected, {r.undone} taken back"
        for r in found.reviewers
    ]
    lines += [
        f"{escape(a.first)} and {escape(a.second)}: agree on {a.agreeing} of {a.common}"
        + (f", kappa {a.kappa:.2f}" if a.kappa is not None else "")
        + (f"; {a.blind} asked blind" if a.blind else "")
        + (f", kappa {a.blind_kappa:.2f}" if a.blind_kappa is not None else "")
        for a in found.agreements
    ]
    context.show(found, "\n".join(lines) or "No answers yet.")


@links.command("history")
@click.option("--all", "everything", is_flag=True, help="Also the answers that were taken back.")
@click.option("--by", help="Only those of this person.")
@pass_context
def history(context: Context, everything: bool, by: str | None) -> None:
    """The answers given so far, newest first."""
    every = context.service.store.links.judgements(include_undone=True)
    given = [j for j in every if everything or j.undone_at is None]
    found = sorted((j for j in given if by is None or j.by == by), key=lambda j: -j.id)
    asked = context.service.asking.asked()
    context.table(
        found,
        {
            "id": [j.id for j in found],
            "answer": [f"{j.verdict} (disputed, without effect)" if j.disputed else j.verdict for j in found],
            "about": [j.subject for j in found],
            "by": [j.by for j in found],
            "at": [f"{j.at:%Y-%m-%d %H:%M}" for j in found],
            "asked": [_how(asked.get(j.id)) for j in found],
            "undone by": [j.undone_by for j in found],
        },
        "No answers yet.",
    )


def _how(asked: "Asked | None") -> str:
    """How a question came about, where that is not the ordinary way."""
    if asked is None:
        return ""
    purpose = "" if asked.purpose is Purpose.DECIDE else asked.purpose.value
    return ", ".join(filter(None, [purpose, "blind" if asked.blind else ""]))


for command in (*answers.commands, *learning.commands):
    links.add_command(command)

commands = (links,)
