"""``bifrost links ...``: review the link types that were found."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.markup import escape

from api.cli.output import Context, pass_context, plain, user_name
from api.stated_links import stated_link_type
from bifrost.errors import InputError
from bifrost.links import Column, Correction, Estimate, LinkKind, LinkState, LinkType, PairExample, Verdict
from linking.asking import Purpose, Question, said_of_pair
from linking.choosing import POLICIES
from linking.estimates import why_no_recall
from linking.knowledge import export_knowledge, import_knowledge, keep_knowledge

if TYPE_CHECKING:
    from api.ports import JudgeOutcome, Replay
    from api.predictions import Predictions
    from api.review_log import Asked

__all__ = ["commands"]

F = TypeVar("F", bound=Callable[..., Any])
_STATES = [state.value for state in LinkState]
_POOR = 0.1
_HIGH, _LOW = 0.9, 0.1
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
    context.table(
        found,
        {
            "id": [one.id for one in found],
            "state": [one.state for one in found],
            "p": [f"{one.probability:.2f}" for one in found],
            "kind": [one.kind for one in found],
            "link": [f"{one.tail} -[{one.name}]-> {one.head}" for one in found],
            "edges": [one.estimated_edges for one in found],
            "precision": [_share(context.service.review.precision(one)) for one in found],
            "recall": ["-" if (r := context.service.review.recall(one)) is None else _share(r) for one in found],
        },
        "No link types wait for an answer.",
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
        f"[bold]{_arrow(one)}[/bold]",
        f"{one.kind}, {one.state}, probability {one.probability:.2f} (explicit features alone: {one.baseline:.2f})",
        f"{one.cardinality or 'cardinality unknown'}, about {one.estimated_edges} edges",
        _quality(context, one),
        *(f"  · {escape(reason)}" for reason in one.reasons),
        *(f"  {_MARKS[example.role]} {_pair(example)}" for example in (*one.examples, *one.counter_examples)),
        f"  [dim]{', '.join(f'{mark} {role}' for role, mark in _MARKS.items())}[/dim]",
    ]
    context.show(one, "\n".join(lines))


def _quality(context: Context, one: LinkType) -> str:
    """Estimated precision and recall with their intervals."""
    review = context.service.review
    recall = review.recall(one)
    said = why_no_recall(one) if recall is None else _share(recall)
    return f"estimated precision {_share(review.precision(one))}, recall {said}"


def _share(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} ({estimate.low:.2f}-{estimate.high:.2f})"


def _note(function: F) -> F:
    return click.option("--note", default="", help="Why, for those who read the history.")(function)


@links.command("confirm")
@click.argument("ids", nargs=-1, required=True)
@click.option("--name", help="What to call these links.")
@_note
@pass_context
def confirm(context: Context, ids: tuple[str, ...], name: str | None, note: str) -> None:
    """Confirms link types, names them, and writes their edges."""
    if name and len(ids) > 1:
        raise InputError("A name can be given to one link type at a time.")
    correction = Correction(name=name) if name else None
    for one in ids:
        _report(context, context.service.judge(one, Verdict.CONFIRM, user_name(), correction=correction, note=note))


def _verdict_command(name: str, verdict: Verdict, help: str) -> None:
    @links.command(name, help=help)
    @click.argument("ids", nargs=-1, required=True)
    @_note
    @pass_context
    def command(context: Context, ids: tuple[str, ...], note: str) -> None:
        for one in ids:
            _report(context, context.service.judge(one, verdict, user_name(), note=note))


_verdict_command("reject", Verdict.REJECT, "Rejects link types; they are not proposed again.")
_verdict_command(
    "defer",
    Verdict.DEFER,
    "Puts link types off; they are asked again when the evidence changes or after some days (ask_again_days).",
)
_verdict_command("unsure", Verdict.UNSURE, "Says that you cannot tell; others are asked, and you again later.")
_verdict_command("reopen", Verdict.REOPEN, "Asks again about link types, whatever was answered before.")
_verdict_command("delete", Verdict.DELETE, "Deletes confirmed link types with all their edges.")


@links.command("correct")
@click.argument("id")
@click.option("--name", help="Another name.")
@click.option("--flip", is_flag=True, help="The other direction.")
@click.option("--kind", type=click.Choice([kind.value for kind in LinkKind]), help="Another kind.")
@click.option("--tail", metavar="SOURCE/DATASET.COLUMN", help="Other tail columns (join several by +).")
@click.option("--head", metavar="SOURCE/DATASET.COLUMN", help="Other head columns.")
@click.option(
    "--transform",
    "transforms",
    multiple=True,
    metavar="SIDE=STEPS",
    help="How values are compared, instead of the rule proposed: head=strip_prefix:K-, tail.country='alnum | first_word'; "
    "none takes the rule away.",
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


@links.command("add")
@click.argument("tail", metavar="SOURCE/DATASET.COLUMN")
@click.argument("head", metavar="SOURCE/DATASET.COLUMN")
@click.option("--name", required=True, help="What to call these links, which run from the first to the second.")
@click.option("--kind", type=click.Choice([kind.value for kind in LinkKind]), default="reference", show_default=True)
@click.option("--condition", default="", help="Only tail records for which this holds: COLUMN=VALUE.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Least score of a link or merge.")
@_note
@pass_context
def add(
    context: Context, tail: str, head: str, name: str, kind: str, condition: str, threshold: float | None, note: str
) -> None:
    """Makes a link type between columns (join several by +) and confirms it; undo takes it back."""
    ends = (_column(context, tail), _column(context, head))
    stated = stated_link_type(name, *ends, LinkKind(kind), condition=condition, threshold=threshold)
    _report(context, context.service.add_link_type(stated, user_name(), note))


@links.command("teach")
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
    return f"{one.id}  {one.state}  {one.probability:.2f}  {_arrow(one)}{condition}"


@links.command("pairs")
@click.argument("id")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--least-sure", is_flag=True, help="The nearest to the threshold first.")
@click.option("--ask", is_flag=True, help="Those whose answers would help most; answer with 'links pair'.")
@pass_context
def pairs(context: Context, id: str, limit: int, least_sure: bool, ask: bool) -> None:
    """Scored pairs of a link type."""
    if ask:
        asked = context.service.pair_questions(id, limit)
        shown = [(one.pair, said_of_pair(one.pair.evidence)) for one in asked if one.pair is not None]
        context.table(
            asked,
            {
                "score": [f"{pair.score:.3f}" for pair, _ in shown],
                "left": [pair.left for pair, _ in shown],
                "right": [pair.right for pair, _ in shown],
                "why": [why for _, why in shown],
            },
            "No pair of this link type is worth a question (now).",
        )
        return
    found = context.service.store.links.pairs(id, limit=limit, least_sure_first=least_sure)
    context.table(
        found,
        {
            "score": [f"{p.score:.3f}" for p in found],
            "left": [p.left for p in found],
            "right": [p.right for p in found],
        },
        "This link type has no pairs (yet).",
    )


@links.command("pair")
@click.argument("verdict", type=click.Choice([Verdict.CONFIRM.value, Verdict.REJECT.value]))
@click.argument("id")
@click.argument("tail")
@click.argument("head")
@_note
@pass_context
def pair(context: Context, verdict: str, id: str, tail: str, head: str, note: str) -> None:
    """Confirms or rejects one pair of records of a link type."""
    _report(context, context.service.judge_pair(id, tail, head, Verdict(verdict), user_name(), note=note))


@links.command("accept")
@click.option(
    "--from", "probability", type=click.FloatRange(0.5, 1), help="Confirm proposals from this probability on."
)
@click.option("--kind", type=click.Choice([kind.value for kind in LinkKind]), help="Only link types of this kind.")
@click.option("--type", "link_type", metavar="ID", default="", help="Only this link type, and its links to audit.")
@click.option(
    "--audit", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="The share that people check."
)
@click.option("--off", is_flag=True, help="End the rule; what it confirmed stays.")
@click.option(
    "--undo", is_flag=True, help="Put back the rule before the last change, with what it would not have confirmed."
)
@pass_context
def accept(
    context: Context,
    probability: float | None,
    kind: str | None,
    link_type: str,
    audit: float,
    off: bool,
    undo: bool,
) -> None:
    """Lets proposals be confirmed without a question, or shows the rules that do and how their audits went."""
    review = context.service.review
    if undo:
        changes = [change for change in review.rule_changes() if change.undone_by is None]
        if not changes:
            raise InputError("There is no change of a rule to take back.")
        taken_back = review.undo_rule(changes[0].id, user_name())
        lines = [f"a proposal again: {_arrow(one)} ({one.probability:.3f})" for one in taken_back]
        context.show(taken_back, "\n".join(lines) or "The rule is as it was before.")
        return
    if probability is not None or off:
        scope = LinkKind(kind) if kind else None
        accepted = review.set_rule(scope, None if off else probability, audit, user_name(), link_type)
        lines = [f"confirmed: {_arrow(one)} ({one.probability:.3f})" for one in accepted]
        context.show(accepted, "\n".join(lines) or "Nothing was confirmed now.")
        return
    rules, results, links = review.rules(), review.audited(), review.link_audits()
    lines = [
        f"{escape(rule.link_type) or rule.kind or 'all kinds'}: from {rule.probability:g}, {rule.audit:.0%} audited "
        f"(set by {escape(rule.by)})"
        for rule in rules
    ]
    lines += [
        f"{r.kind}: {r.accepted} accepted, {r.right} of {r.checked} checked were right; "
        f"precision {r.precision.value:.2f} ({r.precision.low:.2f}-{r.precision.high:.2f})"
        for r in results
    ]
    lines += [
        f"{escape(one.link_type.name)} ({one.link_type.id}): {one.drawn} of {one.population:,} links drawn in round {one.rounds}; "
        f"{one.right} of {one.checked} checked were right; precision {_share(one.precision)}"
        for one in links
    ]
    context.show(
        {"rules": rules, "audits": results, "links": links},
        "\n".join(lines) or "No rule accepts anything without a question.",
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


@links.command("predict")
@click.argument("name")
@click.option("--limit", default=20, show_default=True, help="How many links to propose.")
@click.option("--subjects", default=200, show_default=True, help="Ask for up to so many vertices.")
@click.option(
    "--linked", is_flag=True, help="Ask for vertices that have such a link already, instead of those that have none."
)
@click.option("--seconds", default=60.0, show_default=True, help="Learn for up to so long, on one core.")
@pass_context
def predict(context: Context, name: str, limit: int, subjects: int, linked: bool, seconds: float) -> None:
    """Links called NAME that the graph probably lacks, with the paths that speak for them. Writes nothing."""
    from api.predictions import predict_links, rejected_pairs

    store = context.service.store

    found = context.working(
        lambda report: predict_links(
            store.view(),
            name,
            limit=limit,
            subjects=subjects,
            linked=linked,
            seconds=seconds,
            rejected=rejected_pairs(store.links, name),
            report=report,
        )
    )
    context.show(found, escape("\n".join(_written(found))))


def _written(found: "Predictions") -> Iterator[str]:
    """Proposed links, each with the paths that speak for it, and how far the model behind them is to be trusted."""
    if not found.asked:
        yield f"Every vertex that could have {found.label!r} has one. With --linked, second ones are proposed too."
        return
    for one in found.links:
        yield f"{one.score:.3f}  {one.tail_name} -[{found.label}]-> {one.head_name}"
        yield from (f"         {path}" for path in one.paths)
    if not found.links:
        yield f"None of {found.asked} vertices asked seems to lack such a link."
    if not found.validation:
        yield "There were too few links to hold some out: nothing says how good these are."
        return
    tried = ", ".join(f"{model} {mrr:.3f}" for model, mrr in found.validation.items())
    yield f"Serving: {found.serves}. Mean reciprocal rank on held-out links of all labels: {tried}."
    if max(found.validation.values()) < _POOR:
        yield "That is poor: these links say little about each other. Read the paths before you believe one."


@links.command("replay")
@pass_context
def replay(context: Context) -> None:
    """Compares ways to choose the next question on the logged answers."""
    _compared(context, context.service.asking.replayed())


@links.command("policy")
@click.option("--use", "name", type=click.Choice(POLICIES), help="Ask in this way from now on.")
@click.option("--force", is_flag=True, help="Even where the recorded answers do not show that it is better.")
@pass_context
def policy(context: Context, name: str | None, force: bool) -> None:
    """Shows the way to choose the next question that is in use, or replaces it by one that the log shows to be better."""
    asking = context.service.asking
    _compared(context, asking.replayed() if name is None else asking.use_policy(name, force=force))


def _compared(context: Context, found: "Replay") -> None:
    context.table(
        found,
        {
            "way": [one.policy + (" (in use)" if one.policy == found.policy else "") for one in found.policies],
            "per second": [_settled(one.reward, one.error) for one in found.policies],
            "doubly robust": [_settled(one.robust, one.robust_error) for one in found.policies],
            "matched": [f"{one.matched} of {one.answers}" for one in found.policies],
        },
        "No choices are logged yet.",
    )
    if not context.as_json:
        context.show(
            found,
            f"Not counted: {found.own} answers to questions that people picked themselves, {found.undone} taken back.",
        )


def _settled(value: float, error: float) -> str:
    return f"{value:.3f} ± {1.96 * error:.3f}" if math.isfinite(error) else "-"


@links.command("export-knowledge")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def export_taught(context: Context, file: Path) -> None:
    """Writes what people taught as features and verdicts, without names or values, for another project."""
    store = context.service.store.links
    content = export_knowledge(store.link_types(), store.judgements())
    file.write_bytes(content)
    taught = len(import_knowledge(content))
    context.show(
        {"file": str(file), "answers": taught}, f"{taught} answers, {len(content):,} bytes: {escape(str(file))}"
    )


@links.command("import-knowledge")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_context
def import_taught(context: Context, file: Path) -> None:
    """Lets the proposals of this project start from what people taught another one; no restart is needed."""
    knowledge = keep_knowledge(context.settings.data_dir, file.read_bytes())
    context.show({"answers": len(knowledge)}, f"{len(knowledge)} answers; the next answer or build uses them.")


@links.command("history")
@click.option("--all", "everything", is_flag=True, help="Also the answers that were taken back.")
@click.option("--by", help="Only those of this person.")
@pass_context
def history(context: Context, everything: bool, by: str | None) -> None:
    """The answers given so far, newest first."""
    answers = context.service.store.links.judgements(include_undone=everything)
    found = sorted((j for j in answers if by is None or j.by == by), key=lambda j: -j.id)
    asked = context.service.asking.asked()
    context.table(
        found,
        {
            "id": [j.id for j in found],
            "answer": [j.verdict for j in found],
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


@links.command("undo")
@click.argument("judgement", type=int, required=False)
@pass_context
def undo(context: Context, judgement: int | None) -> None:
    """Takes an answer back (the newest one without an argument)."""
    if judgement is None:
        answers = context.service.store.links.judgements()
        if not answers:
            raise InputError("There is no answer to take back.")
        judgement = max(one.id for one in answers)
    _report(context, context.service.undo(judgement, user_name()))


def _report(context: Context, outcome: "JudgeOutcome") -> None:
    about = outcome.link_type
    answer = f"took back {outcome.judgement.verdict}" if outcome.judgement.undone_by else outcome.judgement.verdict
    text = f"{answer}: " + (f"{_arrow(about)} is {about.state}" if about else escape(outcome.judgement.subject))
    unit = "compared pairs" if about and about.kind is LinkKind.SAME_THING else "edges"
    text += f"; {outcome.edges_changed} {unit} changed" if outcome.edges_changed else ""
    text += "".join(f"; {part}" for part in _movement(outcome))
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


def _arrow(link_type: LinkType) -> str:
    through = "" if link_type.through is None else f", through {link_type.through}"
    return escape(f"{link_type.tail} -[{link_type.name}]-> {link_type.head}{through}")


def _pair(example: PairExample) -> str:
    return escape(f"{example.tail_text}  ~  {example.head_text}  ({example.score:.2f}) {example.note}")


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


commands = (links,)
