"""When to ask again what was put off: the evidence is no longer what it was, or enough days have passed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bifrost.links import Judgement, LinkState, LinkType, Verdict
from linking.scoring import load_priors

__all__ = ["EDGES", "to_ask_again"]

EDGES = "estimated_edges"
"""Under this name the features of an answer that puts off keep how many links the type would have given."""
_MORE = 0.1
"""By which share the links must have become more or fewer."""
_LOG_ODDS = 1.0
"""By how much the log odds of the explicit features must have moved."""


def to_ask_again(
    known: Sequence[LinkType], judgements: Sequence[Judgement], days: float, now: datetime
) -> list[tuple[LinkType, str]]:
    """Link types whose newest answer put them off or could not tell, with why to ask again. 0 ``days``: never for their age."""
    newest = {j.subject: j for j in judgements if j.undone_at is None and "|" not in j.subject}
    found = []
    for link_type in known:
        answer = newest.get(link_type.id)
        if answer is None:
            continue
        put_off = answer.verdict is Verdict.DEFER and link_type.state is LinkState.DEFERRED
        if put_off or (answer.verdict is Verdict.UNSURE and link_type.state is LinkState.PROPOSED):
            reason = _changed(link_type, answer)
            if not reason and days and now - answer.at >= timedelta(days=days):
                reason = f"answered {(now - answer.at).days} days ago"
            if reason:
                found.append((link_type, reason))
    return found


def _changed(link_type: LinkType, answer: Judgement) -> str:
    """What changed since an answer; empty if nothing that matters."""
    then, edges = answer.features.get(EDGES), link_type.estimated_edges
    if then is not None and abs(edges - then) > _MORE * max(then, 1.0):
        return f"{edges:,} links instead of {then:,.0f}"
    old = {name: value for name, value in answer.features.items() if name != EDGES}
    prior = load_priors().get(link_type.kind)
    if not old or not link_type.features or prior is None:
        return ""
    before, after = prior.log_odds([old, link_type.features], corrected=False)
    return "the evidence is another one now" if abs(after - before) >= _LOG_ODDS else ""
