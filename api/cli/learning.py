"""``bifrost links accept``, ``predict``, ``replay``, ``policy``: what is learnt from answers, and done with it."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from api.cli.link_text import arrow, share
from api.cli.output import Context, pass_context, user_name
from bifrost.errors import InputError
from bifrost.links import Estimate, LinkKind
from linking.choosing import POLICIES
from linking.knowledge import import_knowledge

if TYPE_CHECKING:
    from api.kept_predictions import Predictions
    from api.ports import Replay

__all__ = ["commands"]

_POOR = 0.1


@click.command("accept")
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
        lines = [f"a proposal again: {arrow(one)} ({one.probability:.3f})" for one in taken_back]
        context.show(taken_back, "\n".join(lines) or "The rule is as it was before.")
        return
    if probability is not None or off:
        scope = LinkKind(kind) if kind else None
        accepted = review.set_rule(scope, None if off else probability, audit, user_name(), link_type)
        lines = [f"confirmed: {arrow(one)} ({one.probability:.3f})" for one in accepted]
        ended = "The rule has ended; what it confirmed stays confirmed (--undo takes that back)."
        none = "Nothing was confirmed now: no open proposal about which people never said anything is so probable."
        context.show(accepted, "\n".join(lines) or (ended if off else none))
        return
    rules, results, links = review.rules(), review.audited(), review.link_audits()
    lines = [
        f"{escape(rule.link_type) or rule.kind or 'all kinds'}: from {rule.probability:g}, {rule.audit:.0%} audited "
        f"(set by {escape(rule.by)})"
        for rule in rules
    ]
    lines += [f"{r.kind}: {r.accepted} accepted, {_checked(r.right, r.checked, r.precision)}" for r in results]
    lines += [
        f"{escape(one.link_type.name)} ({one.link_type.id}): {one.drawn} of {one.population:,} links drawn in round {one.rounds}; "
        f"{_checked(one.right, one.checked, one.precision)}"
        for one in links
    ]
    context.show(
        {"rules": rules, "audits": results, "links": links},
        "\n".join(lines) or "No rule accepts anything without a question.",
    )


def _checked(right: int, checked: int, precision: Estimate) -> str:
    if not checked:
        return f"none checked yet; precision {share(precision)} by probability alone"
    return f"{right} of {checked} checked were right; precision {share(precision)}"


@click.command("predict")
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
    from api.kept_predictions import PredictionOptions
    from api.predictions import find_links

    service, options = context.service, PredictionOptions(name, subjects, linked, seconds)
    found = context.working(
        lambda report: find_links(service.store, service.predictions, options, limit=limit, report=report)
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
    if found.learnt is not None:
        yield f"Learnt at {found.learnt.astimezone():%Y-%m-%d %H:%M}; what is found stays until the graph changes."
    tried = ", ".join(f"{model} {mrr:.3f}" for model, mrr in found.validation.items())
    yield f"Serving: {found.serves}. Mean reciprocal rank on held-out links of all labels: {tried}."
    if max(found.validation.values()) < _POOR:
        yield "That is poor: these links say little about each other. Read the paths before you believe one."


@click.command("replay")
@pass_context
def replay(context: Context) -> None:
    """Compares ways to choose the next question on the logged answers."""
    _compared(context, context.service.asking.replayed())


@click.command("policy")
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


@click.command("export-knowledge")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def export_taught(context: Context, file: Path) -> None:
    """Writes what people taught as features and verdicts, without names or values, for another project."""
    content = context.service.carrying.export()
    file.write_bytes(content)
    taught = import_knowledge(content)
    context.show(
        {
            "file": str(file),
            "answers": len(taught),
            "about_types": taught.about_types,
            "about_pairs": taught.about_pairs,
        },
        f"{len(taught)} answers ({taught.about_types} about link types, {taught.about_pairs} about pairs), "
        f"{len(content):,} bytes: {escape(str(file))}",
    )


@click.command("import-knowledge")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--undo", "id", metavar="ID", help="Take back what was imported under this id.")
@pass_context
def import_taught(context: Context, file: Path | None, id: str | None) -> None:
    """Lets the proposals of this project start from what people taught another one; without a file, lists what was taken over."""
    carrying = context.service.carrying
    if file is None and id is None:
        found = carrying.imports()
        columns: dict[str, list[object]] = {
            "id": [one.id for one in found],
            "file": [one.name for one in found],
            "link types": [one.about_types for one in found],
            "pairs": [one.about_pairs for one in found],
            "by": [one.by for one in found],
            "at": [f"{one.at:%Y-%m-%d %H:%M}" for one in found],
        }
        context.table(found, columns, "Nothing was imported.")
        return
    if file is not None:
        learnt, did = carrying.add(file.read_bytes(), user_name(), file.name), "taken over"
    else:
        learnt, did = carrying.remove(id or ""), "taken back"
    one = learnt.imported
    lines = [
        f"{one.id}: {one.about_types} answers about link types and {one.about_pairs} about pairs {did}.",
        *(f"{escape(m.name)}: {m.before:.3f} -> {m.after:.3f}" for m in learnt.moved),
        "Pairs of records follow with the next build." if one.about_pairs else "",
    ]
    context.show(learnt, "\n".join(filter(None, lines)))


commands = (accept, predict, replay, policy, export_taught, import_taught)
