"""What elements hold: values, properties, maps of them; constant, map, flatMap, unfold, index, loops, sack."""

from collections.abc import Iterable, Mapping
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, modulator, step, text_of, texts_of
from graphstore.gremlin.elements import Edge, Element, Entry, HashableDict, Path, Property, Vertex, VertexProperty
from graphstore.gremlin.numbers import Long
from graphstore.gremlin.plan import By, FlatMapStep, MapStep, Pipeline, Step, by_pipelines, token_of
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Direction, Instruction, T, Traversal

__all__ = ["PropertiesStep", "elements_properties"]


def elements_properties(element: Any, keys: tuple[str, ...] | None) -> Iterable[Any]:
    """The properties of an element, those of ``keys`` or all."""
    if isinstance(element, Vertex):
        stored = element.properties
        return [p for key in (stored if keys is None else keys) for p in stored.get(key, ())]
    if isinstance(element, Edge):
        if keys is None:
            return [Property(key, value, element) for key, value in element.properties.items()]
        found = ((key, element.holding(key)) for key in keys)
        return [Property(key, held[key], element) for key, held in found if key in held]
    if isinstance(element, VertexProperty):
        meta = element.all_meta
        named = meta if keys is None else keys
        return [Property(key, value, element) for key in named for value in meta.get(key, ())]
    raise QueryError(
        f"{type(element).__name__} has no properties.",
        remedy="properties() and values() go with vertices, edges and vertex properties.",
    )


class PropertiesStep(FlatMapStep):
    """properties(keys) and values(keys)."""

    def __init__(self, keys: tuple[Any, ...], values: bool) -> None:
        named = tuple(dict.fromkeys(k for k in keys if k is not None))
        self.keys = named if keys else None
        self.values = values

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        if ctx.view is not None:
            found = ctx.view.visible(elements_properties(t.obj, self.keys))
            return [p.value for p in found] if self.values else found
        if self.values:
            element, keys = t.obj, self.keys
            if isinstance(element, Vertex) and keys is not None:
                return element.values(keys[0]) if len(keys) == 1 else [v for k in keys for v in element.values(k)]
            return [p.value for p in elements_properties(element, keys)]
        return elements_properties(t.obj, self.keys)


@step("properties", "values")
def properties(instruction: Instruction, compiler: Compiler) -> Step:
    return PropertiesStep(texts_of(instruction.args), instruction.name == "values")


class TokenStep(MapStep):
    """id, label, key, value."""

    def __init__(self, token: T) -> None:
        self.token = token

    def map(self, t: Traverser, ctx: Context) -> Any:
        return token_of(t.obj, self.token)


@step("id", "label", "key", "value")
def token(instruction: Instruction, compiler: Compiler) -> Step:
    return TokenStep(T(instruction.name))


class ElementOfStep(MapStep):
    """element(): the owner of a property."""

    def map(self, t: Traverser, ctx: Context) -> Any:
        if isinstance(t.obj, VertexProperty):
            return t.obj.vertex
        if isinstance(t.obj, Property):
            return t.obj.element
        raise QueryError(f"{type(t.obj).__name__} belongs to no element.", remedy="element() goes with properties.")


@step("element")
def element(instruction: Instruction, compiler: Compiler) -> Step:
    return ElementOfStep()


IDS, LABELS, KEYS, VALUES = 1, 2, 4, 8


class PropertyMapStep(MapStep):
    """valueMap and propertyMap; ``tokens`` says which of id, label, key, value are added."""

    def __init__(self, keys: tuple[Any, ...], values: bool, tokens: int) -> None:
        self.keys = tuple(k for k in keys if k is not None) or (None if not keys else ())
        self.values, self.tokens = values, tokens
        self.bys: list[By] = []

    def add_by(self, by: By, order: Any = None) -> None:
        if self.bys:
            raise QueryError(f"{self.name}() step can only have one by modulator", remedy="Keep one by().")
        self.bys.append(by)

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines(self.bys)

    def configure(self, key: str, value: Any) -> None:
        if key == "~tinkerpop.valueMap.tokens":
            self.tokens = 15 if value is None or value is True else int(value)

    def map(self, t: Traverser, ctx: Context) -> Any:
        element = t.obj
        result: dict[Any, Any] = {}
        if not isinstance(element, Element):
            raise QueryError(
                f"{self.name}() goes with elements, not {type(element).__name__}.", remedy="Apply it before values()."
            )
        if isinstance(element, VertexProperty):
            self._property_tokens(element, result)
        else:
            if self.tokens & IDS:
                result[T.id] = element.id
            if self.tokens & LABELS:
                result[T.label] = element.label
        if self.values and ctx.view is None and isinstance(element, Vertex):
            stored = element.all_values()
            if self.keys is None:
                result.update(stored)
            else:
                result.update((key, stored[key]) for key in self.keys if key in stored)
            return self._modulated(result, t, ctx) if self.bys else result
        found = elements_properties(element, self.keys)
        for item in found if ctx.view is None else ctx.view.visible(found):
            value = item.value if self.values else item
            if isinstance(element, Vertex):
                result.setdefault(item.key, []).append(value)
            else:
                result.setdefault(item.key, value)
        return self._modulated(result, t, ctx) if self.bys else result

    def _property_tokens(self, element: VertexProperty, result: dict[Any, Any]) -> None:
        if self.tokens & IDS:
            result[T.id] = element.id
        if self.tokens & KEYS:
            result[T.key] = element.key
        if self.tokens & VALUES:
            result[T.value_] = element.value

    def _modulated(self, found: dict[Any, Any], t: Traverser, ctx: Context) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        index = 0
        for key, values in found.items():
            if isinstance(key, T):
                result[key] = values
                continue
            value = self.bys[index % len(self.bys)].of_object(values, t, ctx)
            index += 1
            if value is not SKIP:
                result[key] = value
        return result


@step("valueMap", "propertyMap")
def property_map(instruction: Instruction, compiler: Compiler) -> Step:
    args = instruction.args
    tokens = 0
    if args and isinstance(args[0], bool):
        tokens, args = (15 if args[0] else 0), args[1:]
    return PropertyMapStep(texts_of(args), instruction.name == "valueMap", tokens)


class ElementMapStep(MapStep):
    def __init__(self, keys: tuple[Any, ...]) -> None:
        self.keys = tuple(k for k in keys if k is not None) or (None if not keys else ())

    def map(self, t: Traverser, ctx: Context) -> Any:
        element = t.obj
        if not isinstance(element, Element):
            raise QueryError(f"elementMap() goes with elements, not {type(element).__name__}.")
        result: dict[Any, Any] = {T.id: element.id}
        if isinstance(element, VertexProperty):
            result |= {T.key: element.key, T.value_: element.value}
        else:
            result[T.label] = element.label
        if isinstance(element, Edge):
            for direction, end in ((Direction.IN, element.head), (Direction.OUT, element.tail)):
                result[direction] = {T.id: end.id, T.label: end.label}
        if ctx.view is None and isinstance(element, Vertex):
            stored = element.all_values()
            for key in stored if self.keys is None else self.keys:
                if stored.get(key):
                    result[key] = stored[key][-1]
            return result
        found = elements_properties(element, self.keys)
        for item in found if ctx.view is None else ctx.view.visible(found):
            if not isinstance(element, VertexProperty) or item.key not in result:
                result[item.key] = item.value
        return result


@step("elementMap")
def element_map(instruction: Instruction, compiler: Compiler) -> Step:
    return ElementMapStep(texts_of(instruction.args))


class ConstantStep(MapStep):
    def __init__(self, value: Any) -> None:
        self.value = value

    def map(self, t: Traverser, ctx: Context) -> Any:
        return self.value


@step("constant")
def constant(instruction: Instruction, compiler: Compiler) -> Step:
    (value,) = instruction.args
    return ConstantStep(value)


class TraversalMapStep(MapStep):
    def __init__(self, inner: Pipeline) -> None:
        self.inner = inner

    def map(self, t: Traverser, ctx: Context) -> Any:
        return self.inner.first(t, ctx)

    def children(self) -> Iterable[Pipeline]:
        return (self.inner,)


class TraversalFlatMapStep(FlatMapStep):
    def __init__(self, inner: Pipeline) -> None:
        self.inner = inner

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        for found in self.inner.each(t, ctx):
            for _ in range(found.bulk):
                yield found.obj

    def children(self) -> Iterable[Pipeline]:
        return (self.inner,)


@step("map", "flatMap")
def map_(instruction: Instruction, compiler: Compiler) -> Step:
    inner = compiler.child(instruction.args[0])
    return TraversalMapStep(inner) if instruction.name == "map" else TraversalFlatMapStep(inner)


class UnfoldStep(FlatMapStep):
    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        value = t.obj
        if isinstance(value, Mapping):
            return [Entry(k, v) for k, v in value.items()]
        if isinstance(value, Path):
            return list(value.objects)
        if isinstance(value, (list, tuple, set, frozenset)):
            return value
        return (value,)


@step("unfold")
def unfold(instruction: Instruction, compiler: Compiler) -> Step:
    return UnfoldStep()


class IndexStep(MapStep):
    """index(): [value, position] pairs, or a map position -> value."""

    as_map = False

    def configure(self, key: str, value: Any) -> None:
        if key == "~tinkerpop.index.indexer":
            self.as_map = value == 1

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if isinstance(value, Mapping):
            members: list[Any] = [Entry(k, v) for k, v in value.items()]
        elif isinstance(value, (list, tuple, set, frozenset, Path)):
            members = list(value)
        else:
            members = [value]
        if self.as_map:
            return HashableDict(enumerate(members))
        return [[member, index] for index, member in enumerate(members)]


@step("index")
def index(instruction: Instruction, compiler: Compiler) -> Step:
    return IndexStep()


class LoopsStep(MapStep):
    """loops(): how often the traverser went through the (named) repeat."""

    def __init__(self, wanted: str | None) -> None:
        self.wanted = wanted

    def map(self, t: Traverser, ctx: Context) -> Any:
        loops = t.loops
        if self.wanted is None:
            return loops[0] if loops is not None else 0
        while loops is not None:
            if loops[1] == self.wanted:
                return loops[0]
            loops = loops[2]
        raise QueryError(f"Loop name not defined: {self.wanted}", remedy="Name the loop with repeat('name', ...).")


@step("loops")
def loops(instruction: Instruction, compiler: Compiler) -> Step:
    return LoopsStep(text_of(instruction.args[0]) if instruction.args else None)


class CountLocalStep(MapStep):
    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if isinstance(value, (list, tuple, set, frozenset, Mapping, Path)):
            return Long(len(value))
        return Long(1)


@modulator("with")
def with_(previous: Step, instruction: Instruction, compiler: Compiler) -> None:
    key, *rest = instruction.args
    value = rest[0] if rest else None
    if isinstance(value, Traversal):
        value = compiler.child(value, "with")
    previous.configure(str(key), value)
