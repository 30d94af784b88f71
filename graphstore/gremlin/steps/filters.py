"""Filters: has and its family, is, where, and/or/not, simplePath, coin, all/any/none, discard."""

from collections.abc import Iterable, Iterator
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, modulator, step, text_of
from graphstore.gremlin.elements import BulkSet, Edge, Element, Path, Property, Vertex, VertexProperty
from graphstore.gremlin.ordering import dedup_key
from graphstore.gremlin.plan import FilterStep, FlatMapStep, Pipeline, Step, TakesBys
from graphstore.gremlin.predicates import Test, compile_predicate
from graphstore.gremlin.traverser import Context, Traverser
from graphstore.gremlin.tree import Instruction, Order, P, T, Traversal

__all__ = ["AllOf", "HasStep", "IsStep", "TraversalFilterStep", "as_predicate"]


def as_predicate(value: Any) -> P:
    """A predicate as it is, any other value as eq(value)."""
    return value if isinstance(value, P) else P("eq", (value,))


def _any_of(values: Iterable[Any]) -> P:
    """The predicate of hasId(1, 2), hasLabel("a", "b") and so on: a single P, or within all."""
    given = list(values)
    if len(given) == 1:
        if isinstance(given[0], P):
            return given[0]
        if not isinstance(given[0], (list, tuple, set, frozenset)):
            return P("eq", (given[0],))
        given = list(given[0])
    flat: list[Any] = []
    predicates: list[P] = []
    for value in given:
        if isinstance(value, P):
            predicates.append(value)
        else:
            flat.append(value)
    result = P("within", (flat,))
    for predicate in predicates:
        result = P("or", (result, predicate))
    return result


class HasStep(FilterStep):
    """One condition on an element: ``key`` is a property key or a token."""

    def __init__(self, key: str | T | None, predicate: P | None) -> None:
        self.key, self.predicate = key, predicate
        self.passes: Test = compile_predicate(predicate) if predicate is not None else lambda _: True
        if key is T.id and predicate is not None and _tests_text(predicate):
            inner = self.passes
            self.passes = lambda value: inner(value if isinstance(value, str) else str(value))
        if key is T.id and predicate is not None:
            self.passes = compile_predicate(_plain_ids(predicate)) if not _tests_text(predicate) else self.passes

    def test(self, t: Traverser, ctx: Context) -> bool:
        element, key = t.obj, self.key
        if isinstance(key, str):
            return self._property(element, key)
        if key is None:
            return False
        if key is T.id:
            return isinstance(element, Element) and self.passes(element.id)
        if key is T.label:
            return self.passes(_label_of(element))
        if not isinstance(element, (VertexProperty, Property)):
            raise QueryError(f"T.{key.value} can only be tested on properties.", remedy="Use properties() first.")
        return self.passes(element.key if key is T.key else element.value)

    def _property(self, element: Any, key: str) -> bool:
        if isinstance(element, Vertex):
            if self.predicate is None:
                return bool(element.values(key))
            passes = self.passes
            return any(passes(value) for value in element.values(key))
        if isinstance(element, VertexProperty):
            return any(self.passes(value) for value in element.all_meta.get(key, ()))
        if isinstance(element, Edge):
            properties = element.holding(key)
        elif isinstance(element, dict):
            properties = element
        else:
            raise QueryError(
                f"has() tests elements, not {type(element).__name__}.", remedy="Use is() for values, or has() earlier."
            )
        return key in properties and self.passes(properties[key])


def _tests_text(predicate: P) -> bool:
    values = _leaf_values(predicate)
    return bool(values) and all(isinstance(v, str) for v in values)


def _leaf_values(predicate: P) -> list[Any]:
    found: list[Any] = []
    for arg in predicate.args:
        if isinstance(arg, P):
            found.extend(_leaf_values(arg))
        elif isinstance(arg, (list, tuple, set)):
            found.extend(arg)
        else:
            found.append(arg)
    return found


def _plain_ids(predicate: P) -> P:
    """Elements given as ids stand for their ids."""

    def plain(value: Any) -> Any:
        if isinstance(value, P):
            return _plain_ids(value)
        if isinstance(value, (list, tuple, set)):
            return [plain(v) for v in value]
        return value.id if isinstance(value, Element) else value

    return P(predicate.op, tuple(plain(a) for a in predicate.args))


def _label_of(element: Any) -> Any:
    if isinstance(element, Element):
        return element.label
    if isinstance(element, Property):
        return element.key
    raise QueryError(f"{type(element).__name__} has no label.", remedy="Test labels on vertices, edges or properties.")


class AllOf(FilterStep):
    """Several conditions at once: has(label, key, value)."""

    def __init__(self, *parts: HasStep) -> None:
        self.parts = parts

    def test(self, t: Traverser, ctx: Context) -> bool:
        return all(part.test(t, ctx) for part in self.parts)


@step("has")
def has(instruction: Instruction, compiler: Compiler) -> Step:
    args = instruction.args
    if len(args) == 3:
        label, key, value = args
        if not (isinstance(key, (str, T)) or key is None):
            raise TypeError("a key expected")
        return AllOf(HasStep(T.label, as_predicate(label)), HasStep(key, as_predicate(value)))
    if len(args) == 1:
        if isinstance(args[0], (str, T)) or args[0] is None:
            return HasStep(args[0], None)
        raise TypeError("a key expected")
    key, value = args
    if isinstance(value, Traversal):
        inner = Traversal((), (Instruction(_READS.get(key, "values"), () if key in _READS else (key,)), *value.steps))
        return TraversalFilterStep(compiler.child(inner))
    if not (isinstance(key, (str, T)) or key is None):
        raise TypeError("a key expected")
    return HasStep(key, as_predicate(value))


_READS: dict[Any, str] = {T.id: "id", T.label: "label", T.key: "key", T.value_: "value"}


@step("hasId", "hasLabel", "hasKey", "hasValue")
def has_token(instruction: Instruction, compiler: Compiler) -> Step:
    token = {"hasId": T.id, "hasLabel": T.label, "hasKey": T.key, "hasValue": T.value_}[instruction.name]
    if not instruction.args:
        raise TypeError("at least one value expected")
    return HasStep(token, _any_of(instruction.args))


class HasNotStep(FilterStep):
    def __init__(self, key: str | None) -> None:
        self.key = key

    def test(self, t: Traverser, ctx: Context) -> bool:
        element = t.obj
        if self.key is None:
            return True
        if isinstance(element, Edge):
            return self.key not in element.holding(self.key)
        if isinstance(element, VertexProperty):
            return self.key not in element.all_meta
        if not isinstance(element, Vertex):
            raise QueryError(
                f"hasNot() tests elements, not {type(element).__name__}.", remedy="Use it before values() and maps."
            )
        return self.key not in element.properties


@step("hasNot")
def has_not(instruction: Instruction, compiler: Compiler) -> Step:
    return HasNotStep(text_of(instruction.args[0]))


class IsStep(FilterStep):
    def __init__(self, predicate: P) -> None:
        self.predicate = predicate
        self.passes = compile_predicate(predicate)

    def test(self, t: Traverser, ctx: Context) -> bool:
        return self.passes(t.obj)


@step("is")
def is_(instruction: Instruction, compiler: Compiler) -> Step:
    (value,) = instruction.args
    return IsStep(as_predicate(value))


class TraversalFilterStep(FilterStep):
    """filter(traversal), where(traversal), not(traversal): does the traversal give anything?"""

    def __init__(self, inner: Pipeline, *, negate: bool = False) -> None:
        self.inner, self.negate = inner, negate

    def test(self, t: Traverser, ctx: Context) -> bool:
        return self.inner.passes(t, ctx) is not self.negate

    def children(self) -> Iterable[Pipeline]:
        return (self.inner,)


@step("filter")
def filter_(instruction: Instruction, compiler: Compiler) -> Step:
    (arg,) = instruction.args
    return IsStep(arg) if isinstance(arg, P) else TraversalFilterStep(compiler.child(arg))


@step("not")
def not_(instruction: Instruction, compiler: Compiler) -> Step:
    (arg,) = instruction.args
    return TraversalFilterStep(compiler.child(arg), negate=True)


class ConnectiveStep(FilterStep):
    """and(...), or(...) over traversals."""

    def __init__(self, inner: list[Pipeline], every: bool) -> None:
        self.inner, self.every = inner, every

    def test(self, t: Traverser, ctx: Context) -> bool:
        return all(p.passes(t, ctx) for p in self.inner) if self.every else any(p.passes(t, ctx) for p in self.inner)

    def children(self) -> Iterable[Pipeline]:
        return self.inner


@step("and", "or")
def connective(instruction: Instruction, compiler: Compiler) -> Step:
    return ConnectiveStep([compiler.child(a) for a in instruction.args], instruction.name == "and")


class PathFilterStep(TakesBys, FilterStep):
    """simplePath and cyclicPath, between from() and to() labels, by()."""

    def __init__(self, simple: bool) -> None:
        self.simple = simple
        self.start: str | None = None
        self.end: str | None = None
        super().__init__()

    def test(self, t: Traverser, ctx: Context) -> bool:
        path = t.path.to_path() if t.path is not None else Path([], [])
        objects = section(path, self.start, self.end).objects
        keys: set[Any] = set()
        for index, obj in enumerate(objects):
            value = self.bys[index % len(self.bys)].of_object(obj, t, ctx) if self.bys else obj
            keys.add(dedup_key(value))
        return (len(keys) == len(objects)) is self.simple


def section(path: Path, start: str | None, end: str | None) -> Path:
    """The part of a path between two labels, both included."""
    first, last = 0, len(path.objects)
    if start is not None:
        first = next((i for i in range(last - 1, -1, -1) if start in path.labels[i]), 0)
    if end is not None:
        last = next((i + 1 for i in range(last - 1, -1, -1) if end in path.labels[i]), last)
    return Path(path.labels[first:last], path.objects[first:last])


@step("simplePath", "cyclicPath")
def path_filter(instruction: Instruction, compiler: Compiler) -> Step:
    return PathFilterStep(instruction.name == "simplePath")


class CoinStep(FilterStep):
    def __init__(self, probability: float) -> None:
        self.probability = float(probability)

    def test(self, t: Traverser, ctx: Context) -> bool:
        random = ctx.random(self)
        kept = sum(self.probability >= random.random() for _ in range(t.bulk))
        t.bulk = kept
        return kept > 0


@step("coin")
def coin(instruction: Instruction, compiler: Compiler) -> Step:
    return CoinStep(instruction.args[0])


class MembersStep(FilterStep):
    """all(P), any(P), none(P) over the members of a list; anything else does not pass."""

    def __init__(self, how: str, predicate: P) -> None:
        self.how = how
        self.passes = compile_predicate(predicate)

    def test(self, t: Traverser, ctx: Context) -> bool:
        if not isinstance(t.obj, (list, tuple, set, frozenset, BulkSet, Path)):
            return False
        hits = (self.passes(value) for value in t.obj)
        if self.how == "all":
            return all(hits)
        return any(hits) is (self.how == "any")


@step("all", "any", "none")
def members(instruction: Instruction, compiler: Compiler) -> Step:
    if not instruction.args and instruction.name == "none":
        return DiscardStep()
    (predicate,) = instruction.args
    if not isinstance(predicate, P):
        raise TypeError("a predicate expected")
    return MembersStep(instruction.name, predicate)


class DiscardStep(FlatMapStep):
    """discard(): runs everything before it for its effects, and gives nothing."""

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        return ()

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for _ in source:
            ctx.tick()
        yield from ()


@step("discard")
def discard(instruction: Instruction, compiler: Compiler) -> Step:
    return DiscardStep()


class IdentityStep(FilterStep):
    def test(self, t: Traverser, ctx: Context) -> bool:
        return True


@step("identity")
def identity(instruction: Instruction, compiler: Compiler) -> Step:
    return IdentityStep()


@modulator("as")
def as_(previous: Step, instruction: Instruction, compiler: Compiler) -> None:
    previous.labels = (*previous.labels, *(str(a) for a in instruction.args))


@modulator("by")
def by(previous: Step, instruction: Instruction, compiler: Compiler) -> None:
    arg = instruction.args[0] if instruction.args else None
    order = instruction.args[1] if len(instruction.args) > 1 else None
    if isinstance(arg, Order):
        arg, order = None, arg
    previous.add_by(compiler.by((arg,)), order)
