"""Steps over lists and sets: combine, conjoin, difference, disjunct, intersect, merge, product."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bifrost.errors import QueryError, QueryLimitError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import HashableDict, HashableSet, Path, freeze
from graphstore.gremlin.ordering import dedup_key
from graphstore.gremlin.plan import MapStep, Pipeline, Step
from graphstore.gremlin.steps.text import java_string, java_type
from graphstore.gremlin.traverser import LONGEST_TEXT, SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction, Traversal

__all__ = ["ListStep"]

_ITERABLE = (list, tuple, set, frozenset, Path)


class ListStep(MapStep):
    """Two lists into one. The argument is a list or a traversal that gives one."""

    def __init__(self, title: str, combine: Callable[[list[Any], list[Any]], Any], argument: Any) -> None:
        self.title, self.combine, self.argument = title, combine, argument
        if not isinstance(argument, Pipeline):
            if argument is None:
                raise QueryError(
                    f"Argument provided for {title} step can't be null",
                    remedy="Give a list, or a traversal that folds.",
                )
            if not isinstance(argument, _ITERABLE) and not (title == "merge" and isinstance(argument, Mapping)):
                raise QueryError(
                    f"{title} step can only take an array or an Iterable as an argument, encountered {java_type(argument)}",
                    remedy="Give a list, e.g. ['a', 'b'].",
                )

    def children(self) -> Iterable[Pipeline]:
        return (self.argument,) if isinstance(self.argument, Pipeline) else ()

    def map(self, t: Traverser, ctx: Context) -> Any:
        incoming = t.obj
        if incoming is None:
            raise QueryError(f"Incoming traverser for {self.title} step can't be null", remedy="Filter nulls first.")
        if self.title == "merge" and isinstance(incoming, Mapping):
            return self._merged_maps(incoming, t, ctx)
        if not isinstance(incoming, _ITERABLE):
            raise QueryError(
                f"{self.title} step can only take an array or an Iterable type for incoming traversers, encountered "
                f"{java_type(incoming)}",
                remedy="fold() values into a list first.",
            )
        other = self._other(t, ctx)
        if self.title == "product":
            ctx.hold(len(incoming) * len(other))
        return ctx.grown(self.combine(list(incoming), other))

    def _other(self, t: Traverser, ctx: Context) -> list[Any]:
        other = self.argument.first(t, ctx) if isinstance(self.argument, Pipeline) else self.argument
        if other is None or other is SKIP:
            raise QueryError(
                f"traversal argument for {self.title} step must yield an iterable type, not null", remedy="fold() it."
            )
        if not isinstance(other, _ITERABLE):
            raise QueryError(
                f"traversal argument for {self.title} step must yield an iterable type, encountered {java_type(other)}",
                remedy="fold() it.",
            )
        return list(other)

    def _merged_maps(self, incoming: Mapping[Any, Any], t: Traverser, ctx: Context) -> Any:
        other = self.argument.first(t, ctx) if isinstance(self.argument, Pipeline) else self.argument
        if not isinstance(other, Mapping):
            raise QueryError(
                f"merge step expected provided argument to evaluate to a Map, encountered {java_type(other)}",
                remedy="Merge maps with maps and lists with lists.",
            )
        return HashableDict({**incoming, **other})


def _unique(values: Iterable[Any]) -> Any:
    return HashableSet(freeze(v) for v in {dedup_key(v): v for v in values}.values())


def _keys(values: Iterable[Any]) -> set[Any]:
    return {dedup_key(v) for v in values}


def _difference(left: list[Any], right: list[Any]) -> Any:
    other = _keys(right)
    return _unique(v for v in left if dedup_key(v) not in other)


def _disjunct(left: list[Any], right: list[Any]) -> Any:
    a, b = _keys(left), _keys(right)
    return _unique([*(v for v in left if dedup_key(v) not in b), *(v for v in right if dedup_key(v) not in a)])


def _intersect(left: list[Any], right: list[Any]) -> Any:
    other = _keys(right)
    return _unique(v for v in left if dedup_key(v) in other)


_COMBINE: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "combine": lambda a, b: [*a, *b],
    "difference": _difference,
    "disjunct": _disjunct,
    "intersect": _intersect,
    "merge": lambda a, b: _unique([*a, *b]),
    "product": lambda a, b: [[x, y] for x in a for y in b],
}


@step("combine", "difference", "disjunct", "intersect", "merge", "product")
def list_step(instruction: Instruction, compiler: Compiler) -> Step:
    (arg,) = instruction.args
    return ListStep(
        instruction.name,
        _COMBINE[instruction.name],
        compiler.child(arg) if isinstance(arg, Traversal) else arg,
    )


class ConjoinStep(MapStep):
    """conjoin(separator): the members as one string, nulls left out."""

    def __init__(self, separator: str) -> None:
        self.separator = separator

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if value is None:
            raise QueryError("Incoming traverser for conjoin step can't be null", remedy="Filter nulls first.")
        if not isinstance(value, _ITERABLE):
            raise QueryError(
                "conjoin step can only take an array or an Iterable type for incoming traversers, encountered "
                f"{java_type(value)}",
                remedy="fold() values into a list first.",
            )
        members = list(value)
        texts = [java_string(v) for v in members if v is not None]
        if sum(map(len, texts)) + len(texts) * len(self.separator) > LONGEST_TEXT:
            raise QueryLimitError("conjoin() would make a text that is too long.", remedy="Conjoin fewer values.")
        return ctx.grown(self.separator.join(texts))


@step("conjoin")
def conjoin(instruction: Instruction, compiler: Compiler) -> Step:
    return ConjoinStep(str(instruction.args[0]))
