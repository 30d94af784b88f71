"""The Gremlin engine: text or traversal tree in, traversers out.

engine = GremlinEngine(graph)
for chunk in engine.stream("g.V().has('name', 'Ann').out()"): ...
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Any

from bifrost.errors import PermissionDeniedError, QueryError, QueryLimitError
from graphstore.gremlin import steps as _steps  # registers the step library
from graphstore.gremlin.arraygraph import ArrayGraph
from graphstore.gremlin.compiler import Compiler
from graphstore.gremlin.elements import Graph
from graphstore.gremlin.memory import MemoryGraph
from graphstore.gremlin.parser import parse
from graphstore.gremlin.plan import Pipeline
from graphstore.gremlin.profile import StepMeter, explained, profile_result, profiled
from graphstore.gremlin.references import referenced
from graphstore.gremlin.settings import SourceSettings, read_source
from graphstore.gremlin.source import GraphSource, MemorySource, SendsStatements, Session, WorksInBackground
from graphstore.gremlin.steps.collect import START
from graphstore.gremlin.steps.graph import ElementsStep
from graphstore.gremlin.strategies import READ_ONLY_MESSAGE, answers_references, refuse_strategies, verify
from graphstore.gremlin.traverser import ROOT, Context, Limits, Meter, Traverser
from graphstore.gremlin.tree import Instruction, P, Traversal, exact_key
from graphstore.gremlin.vector import VectorPlan

__all__ = ["Compiled", "GremlinEngine", "Request"]

_PLANS = 500
_ANALYSES = ("explain", "profile")
_SPECIAL = re.compile(r"\b(explain|profile|tx)\s*\(")

_ = _steps


@dataclass(frozen=True, slots=True)
class Request:
    """What goes with a traversal: values of its names, limits, whether it may write."""

    bindings: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    read_only: bool = False
    source: str = "g"
    cancelled: Callable[[], bool] | None = None
    principal: Any = None


class GremlinEngine:
    """Runs traversals over the graphs of a :class:`~graphstore.gremlin.source.GraphSource`."""

    def __init__(self, source: GraphSource | MemoryGraph) -> None:
        self.source: GraphSource = MemorySource(source) if isinstance(source, MemoryGraph) else source
        self._made_with = self.source
        self._plans: OrderedDict[Any, Compiled] = OrderedDict()

    def start(self) -> None:
        """Lets the graph prepare in the background what queries need. To be ended by :meth:`close`."""
        if isinstance(self._made_with, WorksInBackground):
            self._made_with.start()

    def close(self) -> None:
        """Releases what the graph holds. Safe to call twice."""
        if isinstance(self._made_with, WorksInBackground):
            self._made_with.close()

    def compile(self, query: str | Traversal, request: Request | None = None) -> "Compiled":
        """What a query becomes. Raises QueryError subclasses and PermissionDeniedError."""
        request = request or Request()
        compiled = self._plan(query, request)
        if request.read_only and compiled.plan.mutates:
            raise PermissionDeniedError(
                f"{READ_ONLY_MESSAGE}.", remedy="Sign in as someone who may edit, or leave the writing steps out."
            )
        return compiled

    def _plan(self, query: str | Traversal, request: Request) -> "Compiled":
        """The plan of a query, remembered by its text or tree where that says all (no bindings, no collections)."""
        try:
            key = (query, request.source) if isinstance(query, str) else exact_key(query)
            found = None if request.bindings else self._plans.get(key)
        except TypeError:
            return self._planned(query, request)
        if found is None:
            found = self._planned(query, request)
            if not request.bindings:
                self._plans[key] = found
                while len(self._plans) > _PLANS:
                    self._plans.popitem(last=False)
        return found

    def _planned(self, query: str | Traversal, request: Request) -> "Compiled":
        tree = parse(query, request.bindings, request.source) if isinstance(query, str) else query
        if not tree.steps:
            raise QueryError(
                "The query has no steps: g alone is a source of traversals.", remedy="Go on with a step such as g.V()."
            )
        settings = read_source(tree.source)
        refuse_strategies(tree, settings.strategies)
        plan = Compiler().pipeline(tree)
        verify(plan, settings.strategies)
        expected: dict[str, Callable[[], Any]] = {}
        for step in plan.walk():
            expected.update(step.declares())
        configured = settings != SourceSettings()
        needs_path = settings.path or _needs_path(tree)
        references = answers_references(settings.strategies)
        return Compiled(tree, plan, settings, configured, needs_path, _has_pattern(tree), expected, references)

    def run(self, query: str | Traversal, request: Request | None = None) -> list[Traverser]:
        """All results at once, inside a transaction: what failed has changed nothing."""
        return [t for chunk in self.stream(query, request, traversers=True) for t in chunk]

    def stream(
        self,
        query: str | Traversal,
        request: Request | None = None,
        session: Session | None = None,
        *,
        size: int = 256,
        traversers: bool = False,
    ) -> Iterator[list[Any]]:
        """Results in chunks of ``size``: traversers, or objects as often as they came.

        Where a lock or a transaction is held, all is read before the first chunk is handed out.
        """
        request = request or Request()
        if isinstance(query, str) and _SPECIAL.search(query):
            query = parse(query, request.bindings, request.source)
        if isinstance(query, Traversal):
            if query.source[:1] and query.source[0].name == "tx":
                self._transaction(query.source[0], session)
                return
            analysis, query = _analysis(query)
            if analysis is not None:
                found = self._analysed(analysis, query, request, session)
                yield [Traverser(found) if traversers else found]
                return
        compiled = self.compile(query, request)
        meter = compiled.meter(request.limits, request.cancelled)
        if compiled.plan.mutates:
            with self.source.writing(request.principal, session) as graph:
                found = list(self._results(compiled, graph, meter, traversers=traversers))
            yield from _chunks(iter(found), size)
            return
        with self.source.reading(request.principal, wide=compiled.wide, check=meter.check) as graph:
            results = self._results(compiled, graph, meter, traversers=traversers)
            if not self.source.collects:
                yield from _chunks(results, size)
                return
            found = list(results)
        yield from _chunks(iter(found), size)

    def for_quick(self, query: str | Traversal, request: Request) -> "Compiled | None":
        """The plan of a read that :meth:`quick` may run; None if it visits the whole graph, writes or may take long."""
        if isinstance(query, str) and _SPECIAL.search(query):
            return None
        if isinstance(query, Traversal) and (query.source or any(step.name in _ANALYSES for step in query.steps[-2:])):
            return None
        compiled = self._plan(query, request)
        return None if compiled.plan.mutates or compiled.wide or compiled.matches_patterns else compiled

    def quick(
        self,
        compiled: "Compiled",
        graph: Graph,
        limits: Limits,
        starts: tuple[Any, ...] | None = None,
        *,
        traversers: bool,
    ) -> list[Any] | None:
        """All results of a small read on a graph that was :meth:`~GraphSource.ready`, if that keeps within the limits;
        else None, and the query must be run by :meth:`stream`. For callers that must not block. ``starts``: ids to
        start from instead of those of the plan."""
        try:
            ctx = self._context(compiled, graph, compiled.meter(limits), starts)
            found = list(_run(compiled, ctx))
            ctx.hold(len(found) if traversers else sum(t.bulk for t in found))
            return found if traversers else [obj for t in found for obj in repeat(t.obj, t.bulk)]
        except QueryLimitError:
            return None

    def _results(self, compiled: "Compiled", graph: Graph, meter: Meter, *, traversers: bool) -> Iterator[Any]:
        ctx = self._context(compiled, graph, meter)
        for t in _run(compiled, ctx):
            if traversers:
                ctx.hold(1 if t.bulk < 2**63 else t.bulk)  # the wire's numbers of equal results have 64 bits
                yield t
            else:
                ctx.hold(t.bulk)
                yield from repeat(t.obj, t.bulk)

    def _transaction(self, instruction: Instruction, session: Session | None) -> None:
        if session is None:
            raise QueryError(
                "A transaction needs a session.", remedy="Use tx().begin() of your client, which opens one."
            )
        operation = instruction.args[0] if instruction.args else ""
        if operation == "commit":
            session.commit()
        elif operation == "rollback":
            session.rollback()
        elif operation not in ("begin", "open"):
            raise QueryError(f"tx().{operation}() is not known.", remedy="Use begin, commit or rollback.")

    def session(self) -> Session:
        """A session: its changes can be taken back until it commits."""
        return Session()

    def explain(self, query: str | Traversal, request: Request | None = None) -> str:
        """What would run where, as text."""
        statements = self._made_with.statements if isinstance(self._made_with, SendsStatements) else None
        return explained(self.compile(query, request), self.source.arrays, statements)

    def _analysed(self, analysis: str, query: Traversal, request: Request, session: Session | None) -> Any:
        """The answer of explain() and profile(). What is profiled runs, writes included."""
        if analysis == "explain":
            return self.explain(query, request)
        compiled = self.compile(query, request)
        began = time.perf_counter()
        meters: list[StepMeter] = []
        meter = compiled.meter(request.limits, request.cancelled)
        if compiled.plan.mutates:
            opened = self.source.writing(request.principal, session)
        else:
            opened = self.source.reading(request.principal, wide=compiled.wide, check=meter.check)
        with opened as graph:
            plan = profiled(compiled, graph, meters)
            for _ in self._results(plan, graph, meter, traversers=True):
                pass
        return profile_result(meters, time.perf_counter() - began)

    def label_counts(self, principal: Any = None) -> tuple[dict[str, int], dict[str, int]]:
        """Vertices and edges per label."""
        counted = []
        for start in ("g.V()", "g.E()"):
            found = self.run(f"{start}.groupCount().by(label)", Request(principal=principal))[0].obj
            counted.append({str(label): int(count) for label, count in found.items()})
        return counted[0], counted[1]

    def _context(
        self,
        compiled: "Compiled",
        graph: Graph,
        meter: Meter,
        starts: tuple[Any, ...] | None = None,
    ) -> Context:
        ctx = Context(graph, meter, track_path=compiled.needs_path)
        ctx.expected = compiled.expected
        if starts is not None:
            ctx.starts = (compiled.plan.steps[0], starts)
        if compiled.configured:
            compiled.settings.apply(ctx)
        return ctx


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query ready to run: its tree, its plan, the settings of its source and whether there are any. ``references``:
    elements are answered without their properties."""

    tree: Traversal
    plan: Pipeline
    settings: SourceSettings
    configured: bool
    needs_path: bool
    matches_patterns: bool
    expected: Mapping[str, Callable[[], Any]]
    references: bool = False
    _vectors: dict[bool, VectorPlan] = field(default_factory=dict)

    def meter(self, limits: Limits, cancelled: Callable[[], bool] | None = None) -> Meter:
        """What an execution that starts now may use."""
        return Meter(self.settings.within(limits) if self.settings.options else limits, cancelled)

    def vector(self, track_path: bool) -> VectorPlan:
        """The part that runs on arrays."""
        found = self._vectors.get(track_path)
        if found is None:
            found = self._vectors[track_path] = VectorPlan(self.plan, track_path)
        return found

    @property
    def starts(self) -> tuple[Any, ...] | None:
        """The ids that the plan starts from, where it starts with V(ids) or E(ids)."""
        steps = self.plan.steps
        start = steps[0] if steps else None
        return tuple(start.ids) if isinstance(start, ElementsStep) and not start.all_of_them else None

    @property
    def wide(self) -> bool:
        """Whether it starts at all vertices or edges."""
        steps = self.plan.steps
        start = steps[0] if steps else None
        return isinstance(start, ElementsStep) and start.all_of_them and start.value_hint is None


def _run(compiled: Compiled, ctx: Context) -> Iterator[Traverser]:
    """The traversers of a plan, on arrays as far as that goes."""
    found = _moved(compiled, ctx)
    return map(_referenced, found) if compiled.references else found


def _referenced(t: Traverser) -> Traverser:
    return Traverser(referenced(t.obj), t.bulk, t.path, t.sack, t.loops)


def _moved(compiled: Compiled, ctx: Context) -> Iterator[Traverser]:
    if isinstance(ctx.graph, ArrayGraph):
        vector = compiled.vector(ctx.track_path)
        if vector.start is not None:
            return vector.run(ctx.graph, ctx)
    start = Traverser(START, 1, ROOT if ctx.track_path else None, ctx.initial_sack())
    return compiled.plan.run(iter((start,)), ctx)


def _analysis(query: Traversal) -> tuple[str | None, Traversal]:
    """explain or profile, if a traversal ends with it, and the traversal without it. profile("x") at the end only fills a
    side effect, which nobody could read; profile("x").cap("x") is profile()."""
    steps = query.steps
    last, before = steps[-1:], steps[-2:-1]
    if last and last[0].name in _ANALYSES:
        return None if last[0].args else last[0].name, Traversal(query.source, steps[:-1])
    if before and before[0].name == "profile" and last[0].name == "cap" and before[0].args == last[0].args:
        return "profile", Traversal(query.source, steps[:-2])
    return None, query


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _has_pattern(tree: Traversal) -> bool:
    """Whether a regular expression is matched, which may take its time."""

    def inside(value: Any) -> bool:
        return isinstance(value, P) and (value.op in ("regex", "notRegex") or any(map(inside, value.args)))

    return any(inside(arg) for instruction in tree.walk() for arg in instruction.args)


_PATH = frozenset({"path", "simplePath", "cyclicPath", "tree", "otherV", "match"})
_NAMES = frozenset({"select", "where", "dedup", "math", "format", "addE", "from", "to", "project", "mergeV", "mergeE"})


def _needs_path(tree: Traversal) -> bool:
    """Whether any step looks back: at paths, or at names given by as()."""
    labelled = reads = False
    for instruction in tree.walk():
        if instruction.name in _PATH:
            return True
        labelled = labelled or instruction.name == "as"
        reads = reads or instruction.name in _NAMES
    return labelled and reads
