"""The Gremlin engine: text or traversal tree in, traversers out.

    engine = GremlinEngine(graph)
    for result in engine.execute("g.V().has('name', 'Ann').out()").objects(): ...
"""

import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bifrost.errors import PermissionDeniedError, QueryError, UnsupportedStepError
from graphstore.gremlin import steps as _steps  # registers the step library
from graphstore.gremlin.compiler import Compiler
from graphstore.gremlin.elements import Graph
from graphstore.gremlin.memory import MemoryGraph
from graphstore.gremlin.parser import parse
from graphstore.gremlin.plan import Pipeline
from graphstore.gremlin.steps.collect import START
from graphstore.gremlin.steps.reduce import operator
from graphstore.gremlin.strategies import READ_ONLY_MESSAGE, apply_strategies, verify
from graphstore.gremlin.traverser import ROOT, Context, Limits, Meter, Traverser
from graphstore.gremlin.tree import Instruction, Strategy, Traversal

__all__ = ["Execution", "GremlinEngine", "GremlinSession", "Request"]

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


@dataclass(slots=True)
class _Source:
    """What the source instructions of a traversal ask for."""

    strategies: dict[str, Strategy] = field(default_factory=dict)
    side_effects: dict[str, Any] = field(default_factory=dict)
    reducers: dict[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    sack: Instruction | None = None
    bulk: bool = True
    path: bool = False


class Execution:
    """A running traversal. Iterate once, over traversers; closing it early is fine."""

    def __init__(self, plan: Pipeline, ctx: Context, text: str) -> None:
        self.plan, self.ctx, self.text = plan, ctx, text
        self.began = time.perf_counter()

    def __iter__(self) -> Iterator[Traverser]:
        start = Traverser(START, 1, ROOT if self.ctx.track_path else None, self.ctx.initial_sack())
        return self.plan.run(iter((start,)), self.ctx)

    def objects(self) -> Iterator[Any]:
        """The results, each as often as it came."""
        for t in self:
            for _ in range(t.bulk):
                yield t.obj


class GremlinEngine:
    """Runs traversals over one graph.

    ``graph_for`` gives the graph that a principal sees; with a plain graph everybody sees all of it. Traversals that
    write are serialised by a lock and, on a :class:`MemoryGraph`, taken back when they fail.
    """

    def __init__(self, graph: Graph | None = None, *, graph_for: Callable[[Any], Graph] | None = None) -> None:
        if (graph is None) == (graph_for is None):
            raise TypeError("give either a graph or graph_for")
        self._graph_for = graph_for if graph_for is not None else lambda _: graph
        self._lock = threading.RLock()

    def graph(self, principal: Any = None) -> Graph:
        found = self._graph_for(principal)
        assert found is not None
        return found

    def compile(self, query: str | Traversal, request: Request | None = None) -> "tuple[Traversal, Pipeline, _Source]":
        """The tree, the plan and the source settings of a query. Raises QueryError subclasses."""
        request = request or Request()
        tree = parse(query, request.bindings, request.source) if isinstance(query, str) else query
        source = _read_source(tree.source)
        plan = Compiler().pipeline(tree)
        verify(plan, source.strategies)
        if request.read_only and plan.mutates:
            raise PermissionDeniedError(
                f"{READ_ONLY_MESSAGE}.", remedy="Sign in as someone who may edit, or leave the writing steps out."
            )
        return tree, plan, source

    def execute(self, query: str | Traversal, request: Request | None = None) -> Execution:
        """Prepares a query; iterating the answer runs it. Raises QueryError subclasses and PermissionDeniedError."""
        request = request or Request()
        tree, plan, source = self.compile(query, request)
        ctx = self._context(tree, plan, source, request)
        return Execution(plan, ctx, str(tree) if not isinstance(query, str) else query)

    def run(self, query: str | Traversal, request: Request | None = None) -> list[Traverser]:
        """All results at once, inside a transaction: what failed has changed nothing."""
        return [t for chunk in self.stream(query, request, traversers=True) for t in chunk]

    def stream(
        self,
        query: str | Traversal,
        request: Request | None = None,
        session: "GremlinSession | None" = None,
        *,
        size: int = 256,
        traversers: bool = False,
    ) -> Iterator[list[Any]]:
        """Results in chunks of ``size``: traversers, or objects as often as they came.

        A graph that must be locked is read to the end before the first chunk is handed out.
        """
        tree = query if isinstance(query, Traversal) else None
        if tree is None and isinstance(query, str):
            tree = parse(query, (request or Request()).bindings, (request or Request()).source)
        assert tree is not None
        if tree.source[:1] and tree.source[0].name == "tx":
            self._transaction(tree.source[0], session)
            return
        if tree.steps[-1:] and tree.steps[-1].name == "explain":
            yield [self.explain(Traversal(tree.source, tree.steps[:-1]), request)]
            return
        execution = self.execute(tree, request)
        items: Iterator[Any] = iter(execution) if traversers else execution.objects()
        base = getattr(execution.ctx.graph, "base", execution.ctx.graph)
        if isinstance(base, MemoryGraph):
            with self._lock:
                held = self._all(items, execution, base, session)
            items = iter(held)
        while chunk := list(islice(items, size)):
            yield chunk

    def _all(self, items: Iterator[Any], execution: Execution, base: MemoryGraph, session: Any) -> list[Any]:
        def collect() -> list[Any]:
            found = []
            for item in items:
                execution.ctx.hold()
                found.append(item)
            return found

        if not execution.plan.mutates:
            return collect()
        with base.transaction() as log:
            found = collect()
        if session is not None:
            session.log.extend(log)
            session.graph = base
        return found

    def _transaction(self, instruction: Instruction, session: "GremlinSession | None") -> None:
        if session is None:
            raise QueryError("A transaction needs a session.", remedy="Use tx().begin() of your client, which opens one.")
        operation = instruction.args[0] if instruction.args else ""
        if operation == "commit":
            session.commit()
        elif operation == "rollback":
            with self._lock:
                session.rollback()
        elif operation not in ("begin", "open"):
            raise QueryError(f"tx().{operation}() is not known.", remedy="Use begin, commit or rollback.")

    def session(self) -> "GremlinSession":
        """A session: its changes can be taken back until it commits."""
        return GremlinSession()

    def explain(self, query: str | Traversal, request: Request | None = None) -> str:
        """What would run where, as text."""
        tree, plan, _ = self.compile(query, request)
        lines = [f"Traversal  {tree}", "Plan"]
        _describe(plan, lines, 1)
        return "\n".join(lines)

    def label_counts(self, principal: Any = None) -> tuple[dict[str, int], dict[str, int]]:
        """Vertices and edges per label."""
        counted = []
        for start in ("g.V()", "g.E()"):
            found = self.run(f"{start}.groupCount().by(label)", Request(principal=principal))[0].obj
            counted.append({str(label): int(count) for label, count in found.items()})
        return counted[0], counted[1]

    def _context(self, tree: Traversal, plan: Pipeline, source: _Source, request: Request) -> Context:
        limits = request.limits
        timeout = source.options.get("evaluationTimeout", source.options.get("scriptEvaluationTimeout"))
        if isinstance(timeout, int) and timeout > 0:
            limits = Limits(min(limits.seconds, timeout / 1000), limits.traversers)
        ctx = Context(
            self.graph(request.principal),
            Meter(limits, request.cancelled),
            track_path=source.path or _needs_path(tree),
        )
        ctx.side_effects = {key: copy.copy(value) for key, value in source.side_effects.items()}
        ctx.reducers = source.reducers
        ctx.bulk = source.bulk
        if source.sack is not None:
            initial, *operators = source.sack.args
            ctx.sack_initial = lambda: copy.copy(initial)
            if operators:
                ctx.sack_merge = operator(operators[-1])
        for step in plan.walk():
            ctx.expected.update(step.declares())
        apply_strategies(source.strategies, ctx)
        return ctx


class GremlinSession:
    """What a session has changed since it last committed."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.graph: MemoryGraph | None = None

    def commit(self) -> None:
        self.log = []

    def rollback(self) -> None:
        if self.graph is not None:
            self.graph.take_back(self.log)
        self.log = []


def _describe(pipeline: Pipeline, lines: list[str], depth: int) -> None:
    for step in pipeline.steps:
        kind = "barrier" if step.barrier else "stream"
        lines.append(f"{'  ' * depth}{step.name:<14} {kind:<8} {step.text}")
        for child in step.children():
            _describe(child, lines, depth + 1)


def _read_source(instructions: tuple[Instruction, ...]) -> _Source:
    source = _Source()
    for instruction in instructions:
        name, args = instruction.name, instruction.args
        if name == "withStrategies":
            for strategy in args:
                if not isinstance(strategy, Strategy):
                    raise QueryError(f"withStrategies() takes strategies, not {strategy!r}.")
                source.strategies[strategy.name] = strategy
                if strategy.name == "OptionsStrategy":
                    source.options.update(strategy.configuration)
        elif name == "withoutStrategies":
            for strategy in args:
                source.strategies.pop(strategy.name if isinstance(strategy, Strategy) else str(strategy), None)
        elif name == "withSideEffect":
            source.side_effects[str(args[0])] = args[1]
            if len(args) > 2:
                source.reducers[str(args[0])] = operator(args[2])
        elif name == "withSack":
            source.sack = instruction
        elif name == "withBulk":
            source.bulk = bool(args[0])
        elif name == "withPath":
            source.path = True
        elif name == "with":
            source.options[str(args[0])] = args[1] if len(args) > 1 else True
        elif name == "withComputer":
            source.strategies["VertexProgramStrategy"] = Strategy("VertexProgramStrategy")
        else:
            raise UnsupportedStepError(f"The source step {name}() is not known.", remedy="Use withSideEffect, withSack, ...")
    return source


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
