"""explain() and profile(): what of a plan goes to indexes, what runs on arrays, what the interpreter does, and how long
each step took."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING

from graphstore.gremlin.arraygraph import ArrayGraph
from graphstore.gremlin.elements import Graph, Metrics, TraversalMetrics
from graphstore.gremlin.numbers import Long
from graphstore.gremlin.plan import Pipeline, Step
from graphstore.gremlin.steps.graph import ElementsStep
from graphstore.gremlin.traverser import Context, Traverser

if TYPE_CHECKING:
    from graphstore.gremlin.engine import Compiled

__all__ = ["StepMeter", "explained", "profile_result", "profiled"]


_LONG_STATEMENT = 200


def explained(compiled: "Compiled", arrays: bool, statements: Callable[[Step], list[str]] | None = None) -> str:
    """The plan as text: one line a step, with where it runs; then the ``statements`` that steps send, shortened."""
    vector = compiled.vector(compiled.needs_path) if arrays else None
    taken = vector.taken if vector is not None and vector.start is not None else 0
    lines = [
        f"Traversal   {compiled.tree}",
        f"Path        {'tracked' if compiled.needs_path else 'not needed'}",
        "Plan",
    ]
    _describe(compiled.plan, lines, 1, taken)
    if arrays:
        lines.append(
            "arrays: on the snapshot when it is up to date, else SQL by the interpreter; index: vertex_value or label index"
        )
    if statements is not None:
        sent = [(step, statements(step)) for step in compiled.plan.walk()]
        if any(texts for _, texts in sent):
            lines.append("SQL" if not arrays else "SQL, where no up-to-date snapshot answers")
        for step, texts in sent:
            short = (shorten(text, _LONG_STATEMENT, placeholder=" ...") for text in texts)
            lines.extend(f"  {step.name:<14} {text}" for text in short)
    return "\n".join(lines)


def _describe(pipeline: Pipeline, lines: list[str], depth: int, taken: int) -> None:
    for position, step in enumerate(pipeline.steps):
        where = "arrays" if position < taken else "interpreter"
        if isinstance(step, ElementsStep) and depth == 1 and not position:
            hinted = not step.all_of_them or step.value_hint is not None or step.labels_hint is not None
            where = "index" if hinted else where if taken else "scan"
        kind = "barrier" if step.barrier else "stream"
        lines.append(f"{'  ' * depth}{step.name:<14} {where:<12} {kind:<8} {step.text}")
        for child in step.children():
            _describe(child, lines, depth + 1, 0)


class StepMeter(Step):
    """Wraps a step: counts what comes out and the time spent in it and the steps before it."""

    def __init__(self, inner: Step, where: str = "interpreter") -> None:
        self.inner, self.where = inner, where
        self.name, self.text, self.labels = inner.name, inner.text, inner.labels
        self.seconds = 0.0
        self.traversers = self.elements = 0

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        inner = self.inner.run(source, ctx)
        while True:
            began = time.perf_counter()
            t = next(inner, None)
            self.seconds += time.perf_counter() - began
            if t is None:
                return
            self.traversers += 1
            self.elements += t.bulk
            yield t


class _OnArrays(Step):
    """The prefix that runs on arrays, as one step."""

    def __init__(self, compiled: "Compiled", graph: ArrayGraph) -> None:
        self.vector = compiled.vector(compiled.needs_path)
        self.graph = graph
        self.name = "arrays"
        self.text = ".".join(step.text for step in compiled.plan.steps[: self.vector.taken])

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        yield from self.vector.prefix(self.graph, ctx)


def profiled(compiled: "Compiled", graph: Graph, meters: list[StepMeter]) -> "Compiled":
    """The same plan with a meter around each step."""
    steps = list(compiled.plan.steps)
    if isinstance(graph, ArrayGraph):
        vector = compiled.vector(compiled.needs_path)
        if vector.start is not None:
            meters.append(StepMeter(_OnArrays(compiled, graph), "arrays"))
            steps = steps[vector.taken :]
    meters.extend(StepMeter(step) for step in steps)
    return replace(compiled, plan=Pipeline(meters), _vectors={})


def profile_result(meters: list[StepMeter], seconds: float) -> TraversalMetrics:
    """TinkerPop's TraversalMetrics; a step's own time is that up to it less that of the step before. The annotation
    ``where`` says what ran the step."""
    rows = []
    before = 0.0
    for place, meter in enumerate(meters):
        own, before = max(meter.seconds - before, 0.0), meter.seconds
        percent = min(100 * own / seconds, 100.0) if seconds else 0.0
        rows.append(
            Metrics(
                id=f"{place}.0.0()",
                name=meter.text or meter.name,
                dur=round(own * 1000, 6),
                counts={"traverserCount": Long(meter.traversers), "elementCount": Long(meter.elements)},
                annotations={"percentDur": round(percent, 3), "where": meter.where},
            )
        )
    return TraversalMetrics(dur=round(seconds * 1000, 6), metrics=rows)
