"""select and project, and how names are looked up: in a map, among the side effects, on the path."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import HashableDict
from graphstore.gremlin.plan import By, MapStep, Pipeline, Step, TakesBys, by_pipelines, column_of
from graphstore.gremlin.steps.group import finished
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Column, Instruction, P, Pop, Traversal

__all__ = ["scope_value"]


def scope_value(t: Traverser, key: Any, ctx: Context, pop: Pop = Pop.last) -> Any:
    """What a name stands for at a traverser, or SKIP."""
    if isinstance(t.obj, Mapping) and key in t.obj:
        return t.obj[key]
    if key in ctx.side_effects:
        return finished(ctx.side_effects[key], ctx)
    found = t.path.find(key) if t.path is not None and isinstance(key, str) else []
    if not found:
        return SKIP
    if pop is Pop.last:
        return found[0]
    if pop is Pop.first:
        return found[-1]
    if pop is Pop.mixed and len(found) == 1:
        return found[0]
    return found[::-1]


class SelectStep(TakesBys, MapStep):
    """select(keys) with by(): one value for one key, a map for several. A missing key filters."""

    def __init__(self, keys: tuple[Any, ...], pop: Pop) -> None:
        self.keys, self.pop = keys, pop
        super().__init__()

    def map(self, t: Traverser, ctx: Context) -> Any:
        if len(self.keys) == 1:
            return self._one(self.keys[0], 0, t, ctx)
        result = HashableDict()
        for index, key in enumerate(self.keys):
            value = self._one(key, index, t, ctx)
            if value is SKIP:
                return SKIP
            result[key] = value
        return result

    def _one(self, key: Any, index: int, t: Traverser, ctx: Context) -> Any:
        value = scope_value(t, key, ctx, self.pop)
        if value is SKIP or not self.bys:
            return value
        return self.bys[index % len(self.bys)].of_object(value, t, ctx)


class SelectColumnStep(MapStep):
    def __init__(self, column: Column) -> None:
        self.column = column

    def map(self, t: Traverser, ctx: Context) -> Any:
        return column_of(t.obj, self.column)


class SelectTraversalStep(MapStep):
    """select(traversal): the key is what the traversal gives."""

    def __init__(self, inner: Pipeline, pop: Pop) -> None:
        self.inner, self.pop = inner, pop
        self.by: By | None = None

    def add_by(self, by: By, order: Any = None) -> None:
        self.by = by

    def children(self) -> Iterable[Pipeline]:
        return (self.inner, *by_pipelines([self.by] if self.by else []))

    def map(self, t: Traverser, ctx: Context) -> Any:
        key = self.inner.first(t, ctx)
        if key is SKIP:
            return SKIP
        value = scope_value(t, key, ctx, self.pop)
        return value if value is SKIP or self.by is None else self.by.of_object(value, t, ctx)


@step("select")
def select(instruction: Instruction, compiler: Compiler) -> Step:
    args = list(instruction.args)
    pop = args.pop(0) if args and isinstance(args[0], Pop) else Pop.last
    if len(args) == 1 and isinstance(args[0], Column):
        return SelectColumnStep(args[0])
    if len(args) == 1 and isinstance(args[0], Traversal):
        return SelectTraversalStep(compiler.child(args[0]), pop)
    if not args:
        raise TypeError("at least one key expected")
    if any(isinstance(key, (dict, list, set, frozenset, P, Traversal)) for key in args):
        raise TypeError("keys expected")
    return SelectStep(tuple(args), pop)


class ProjectStep(TakesBys, MapStep):
    """project(keys).by()...: a map; a by() that is not productive leaves its key out."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        if len(set(keys)) != len(keys):
            raise TypeError("keys must be unique in project()")
        self.keys = keys
        super().__init__()

    def map(self, t: Traverser, ctx: Context) -> Any:
        result = HashableDict()
        for index, key in enumerate(self.keys):
            value = self.bys[index % len(self.bys)].of(t, ctx) if self.bys else t.obj
            if value is not SKIP:
                result[key] = value
        return result


@step("project")
def project(instruction: Instruction, compiler: Compiler) -> Step:
    return ProjectStep(tuple(str(a) for a in instruction.args))
