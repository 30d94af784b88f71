"""``bifrost links confirm``, ``correct``, ``teach`` and the other answers that people give."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.markup import escape

from api.cli.link_text import arrow
from api.cli.output import Context, pass_context, user_name
from api.stated_links import stated_link_type
from bifrost.errors import InputError
from bifrost.links import Column, Correction, LinkKind, LinkState, LinkType, Verdict

if TYPE_CHECKING:
    from api.ports import JudgeOutcome

__all__ = ["commands"]

F = TypeVar("F", bound=Callable[..., Any])
_HIGH, _LOW = 0.9, 0.1


def _note(function: F) -> F:
    return click.option("--note", default="", help="Why, for those who read the history.")(function)


@click.command("confirm")
@click.argument("ids", nargs=-1, required=True)
@click.option("--name", help="What to call these links.")
@_note
@pass_context
def confirm(context: Context, ids: tuple[str, ...], name: str | None, note: str) -> None:
    """Confirms link types, names them, and writes their edges."""
    if name is not None and len(ids) > 1:
        raise InputError("A name can be given to one link type at a time.")
    correction = None if name is None else Correction(name=name)
    for one in dict.fromkeys(ids):
        _report(context, context.service.judge(one, Verdict.CONFIRM, user_name(), correction=correction, note=note))


def _transforms(help: str) -> Callable[[F], F]:
    return click.option("--transform", "transforms", multiple=True, metavar="SIDE=STEPS", help=help)


def _verdict_command(name: str, verdict: Verdict, help: str) -> click.Command:
    @click.command(name, help=help)
    @click.argument("ids", nargs=-1, required=True)
    @_note
    @pass_context
    def command(context: Context, ids: tuple[str, ...], note: str) -> None:
        for one in dict.fromkeys(ids):
            _report(context, context.service.judge(one, verdict, user_name(), note=note))

    return command


_PLAIN = (
    _verdict_command("reject", Verdict.REJECT, "Rejects link types; they are not proposed again."),
    _verdict_command(
        "defer",
        Verdict.DEFER,
        "Puts link types off; they are asked again when the evidence changes or after some days (ask_again_days).",
    ),
    _verdict_command("unsure", Verdict.UNSURE, "Says that you cannot tell; others are asked, and you again later."),
    _verdict_command("reopen", Verdict.REOPEN, "Asks again about link types, whatever was answered before."),
    _verdict_command("delete", Verdict.DELETE, "Deletes confirmed link types with all their edges."),
)


@click.command("correct")
@click.argument("id")
@click.option("--name", help="Another name.")
@click.option("--flip", is_flag=True, help="The other direction.")
@click.option("--kind", type=click.Choice([kind.value for kind in LinkKind]), help="Another kind.")
@click.option("--tail", metavar="SOURCE/DATASET.COLUMN", help="Other tail columns (join several by +).")
@click.option("--head", metavar="SOURCE/DATASET.COLUMN", help="Other head columns.")
@_transforms(
    "How values are compared, instead of the rule proposed: head=strip_prefix:K-, tail.country='alnum | first_word'; "
    "none takes the rule away."
)
@click.option(
    "--condition",
    help="Only tail records for which this holds: status=open, or \"status in (open, 'on hold') and closed is null\".",
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Least score of a link or merge.")
@_note
@pass_context
def correct(
    context: Context, id: str, name: str | None, flip: bool, kind: str | None, tail: str | None, head: str | None,
    transforms: tuple[str, ...], condition: str | None, threshold: float | None, note: str,
) -> None:  # fmt: skip
    """Confirms a link type with corrections."""
    correction = Correction(
        name=name,
        flip=flip,
        kind=LinkKind(kind) if kind else None,
        tail=_column(context, tail) if tail else None,
        head=_column(context, head) if head else None,
        transform=_transform(transforms) if transforms else None,
        condition=condition,
        threshold=threshold,
    )
    _report(context, context.service.judge(id, Verdict.CONFIRM, user_name(), correction=correction, note=note))


@click.command("add")
@click.argument("tail", metavar="SOURCE/DATASET.COLUMN")
@click.argument("head", metavar="SOURCE/DATASET.COLUMN")
@click.option("--name", required=True, help="What to call these links, which run from the first to the second.")
@click.option("--kind", type=click.Choice([kind.value for kind in LinkKind]), default="reference", show_default=True)
@_transforms(
    "How values are compared: head=strip_prefix:K-, tail='alnum | first_word'. Without it as they are, or by the first rule "
    "by which they name any record."
)
@click.option("--condition", default="", help="Only tail records for which this holds: COLUMN=VALUE.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Least score of a link or merge.")
@_note
@pass_context
def add(
    context: Context, tail: str, head: str, name: str, kind: str, transforms: tuple[str, ...], condition: str,
    threshold: float | None, note: str,
) -> None:  # fmt: skip
    """Makes a link type between columns (join several by +) and confirms it; undo takes it back.

    Of the kind same_thing it links whole records: give two tables (SOURCE/DATASET), or one twice to find its duplicates.
    """
    ends = (_column(context, tail), _column(context, head))
    transform = _transform(transforms) if transforms else None
    stated = stated_link_type(
        name, *ends, LinkKind(kind), transform=transform, condition=condition, threshold=threshold
    )
    _report(context, context.service.add_link_type(stated, user_name(), note))


@click.command("teach")
@click.option(
    "--pair",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="TAIL HEAD",
    help="Ids of two records that belong together.",
)
@click.option(
    "--not", "negatives", nargs=2, multiple=True, metavar="TAIL HEAD", help="Ids of two records that must not match."
)
@click.option("--name", default="", help="What to call these links.")
@pass_context
def teach(context: Context, pairs: Sequence[tuple[str, str]], negatives: Sequence[tuple[str, str]], name: str) -> None:
    """Finds the link types behind example pairs; confirm one of them afterwards. With --not alone, known link types learn
    what they must not link."""
    found = context.service.teach(pairs, negatives, name, user_name())
    lines = [_lesson(one) for one in found]
    waits = any(one.state is LinkState.PROPOSED for one in found)
    context.show(found, "\n".join([*lines, *(["Confirm one: bifrost links confirm ID --name NAME"] if waits else [])]))


def _lesson(one: LinkType) -> str:
    condition = f"  where {escape(one.condition)}" if one.condition else ""
    explained = "".join(f"\n    {escape(reason)}" for reason in one.reasons[:1])
    return f"{one.id}  {one.state}  {one.probability:.2f}  {arrow(one)}{condition}{explained}"


@click.command("pair")
@click.argument("verdict", type=click.Choice([Verdict.CONFIRM.value, Verdict.REJECT.value]))
@click.argument("id")
@click.argument("tail")
@click.argument("head")
@_note
@pass_context
def pair(context: Context, verdict: str, id: str, tail: str, head: str, note: str) -> None:
    """Confirms or rejects one pair of records of a link type."""
    _report(context, context.service.judge_pair(id, tail, head, Verdict(verdict), user_name(), note=note))


@click.command("undo")
@click.argument("judgement", type=int, required=False)
@pass_context
def undo(context: Context, judgement: int | None) -> None:
    """Takes an answer back (the newest one without an argument)."""
    if judgement is None:
        answers = context.service.store.links.judgements()
        if not answers:
            raise InputError(
                "There is no answer to take back.", remedy="Answers are listed by: bifrost links history --all"
            )
        judgement = max(one.id for one in answers)
    _report(context, context.service.undo(judgement, user_name()))


def _report(context: Context, outcome: "JudgeOutcome") -> None:
    about = outcome.link_type
    answer = f"took back {outcome.judgement.verdict}" if outcome.judgement.undone_by else outcome.judgement.verdict
    pair = outcome.judgement.subject.partition("|")[2]
    if pair:
        text = f"{answer}: {escape(pair.replace('|', ' ~ '))}" + (f", a pair of {arrow(about)}" if about else "")
    else:
        text = f"{answer}: " + (f"{arrow(about)} is {about.state}" if about else escape(outcome.judgement.subject))
    if outcome.edges_changed and about and about.kind is not LinkKind.SAME_THING:
        text += f"; {_plural(outcome.edges_changed, 'edge')} changed"
    if outcome.merged:
        way = "merged into others" if outcome.merged > 0 else "came apart"
        text += f"; {_plural(abs(outcome.merged), 'record')} {way}"
    text += "".join(f"; {part}" for part in _movement(outcome))
    if about and about.id != outcome.judgement.subject.partition("|")[0]:
        text += f"\nIts id is {about.id} now; {outcome.judgement.subject} is rejected."
    for one in outcome.proposed:
        text += f"\nproposed instead: {one.id} {arrow(one)} ({one.probability:.0%})"
    if (opinion := outcome.opinion) is not None:
        first = f"{escape(opinion.first.by)} had answered {opinion.first.verdict}"
        text += f"\n{first}, too." if opinion.agrees else f"\n{first}, which stands until somebody settles the dispute."
    context.show(outcome, text)


def _movement(outcome: "JudgeOutcome") -> Iterator[str]:
    """What an answer moved, as the console says it."""
    moved, pairs = outcome.moved, outcome.pairs_moved
    up = sum(one.before <= _HIGH < one.after for one in moved)
    down = sum(one.after < _LOW <= one.before for one in moved)
    likelier = sum(one.after > one.before for one in moved) - up
    for number, what in ((up, "moved above .9"), (down, "fell below .1")):
        if number:
            yield f"{_plural(number, 'proposal')} {what}"
    for number, what in ((likelier, "likelier"), (len(moved) - up - down - likelier, "less likely")):
        if number:
            yield f"{_plural(number, 'proposal')} became {what}"
    said = ("moved above .9", "fell below .1", "became likelier", "became less likely")
    for number, what in zip(pairs, said, strict=True):
        if number:
            yield f"{_plural(number, 'pair')} {what}"


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _transform(given: Sequence[str]) -> dict[str, str]:
    """``SIDE=STEPS`` as a rule; the first ``=`` separates."""
    if tuple(given) == ("none",):
        return {}
    rule = {}
    for text in given:
        side, found, steps = text.partition("=")
        if not found:
            raise InputError(f"{text!r} names no side.", remedy="Write for example: --transform head=strip_prefix:K-")
        rule[side.strip()] = steps.strip().strip("\"'")
    return rule


def _column(context: Context, text: str) -> Column:
    """``source/dataset.a+b`` as a column; dataset names may hold dots and slashes."""
    for summary in context.service.store.catalog.datasets():
        prefix = f"{summary.source}/{summary.info.name}"
        if text == prefix:
            return Column(summary.source, summary.info.name)
        if text.startswith(prefix + "."):
            return Column(summary.source, summary.info.name, tuple(text[len(prefix) + 1 :].split("+")))
    raise InputError(f"{text!r} does not begin with a known source/dataset.", remedy="See: bifrost source list")


commands = (confirm, *_PLAIN, correct, add, teach, pair, undo)
