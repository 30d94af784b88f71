"""Traversal tree -> plan. Steps and modulators are registered by name, each in one place (``graphstore.gremlin.steps``).

``@step("out", "in")`` registers a function (instruction, compiler) -> Step; ``@modulator("by")`` one that changes the
step before it. A name nobody registered is refused with the names that come closest.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bifrost.errors import QueryError, UnsupportedStepError
from graphstore.gremlin.plan import (
    By,
    ColumnBy,
    IdentityBy,
    KeyBy,
    Pipeline,
    Step,
    TokenBy,
    TraversalBy,
)
from graphstore.gremlin.tree import Column, Instruction, Lambda, P, T, Traversal

__all__ = [
    "Compiler",
    "Hint",
    "known_steps",
    "modulator",
    "push_down",
    "refuse_traversals",
    "rewriting",
    "step",
    "text_of",
    "texts_of",
]

Maker = Callable[[Instruction, "Compiler"], Step]
Modulator = Callable[[Step, Instruction, "Compiler"], Step | None]

_STEPS: dict[str, Maker] = {}
_MODULATORS: dict[str, Modulator] = {}
_REWRITES: list[Callable[[list[Step]], None]] = []


def step(*names: str) -> Callable[[Maker], Maker]:
    """Registers how instructions of these names become a step."""

    def register(maker: Maker) -> Maker:
        for name in names:
            _STEPS[name] = maker
        return maker

    return register


def modulator(*names: str) -> Callable[[Modulator], Modulator]:
    """Registers an instruction that changes the step before it."""

    def register(change: Modulator) -> Modulator:
        for name in names:
            _MODULATORS[name] = change
        return change

    return register


def rewriting(change: Callable[[list[Step]], None]) -> Callable[[list[Step]], None]:
    """Registers a change of a list of steps that keeps its answers and makes it cheaper."""
    _REWRITES.append(change)
    return change


def known_steps() -> list[str]:
    """All step and modulator names, sorted."""
    return sorted({*_STEPS, *_MODULATORS})


_TAKES_VALUES = frozenset({
    "inject", "constant", "is", "V", "E", "hasId", "hasLabel", "hasKey", "hasValue", "values", "properties", "valueMap",
    "propertyMap", "elementMap",
})  # fmt: skip
"""Steps whose arguments are values, never traversals."""


def refuse_traversals(value: Any, name: str) -> None:
    """Raises where a traversal stands in a value that a step takes as it is: most often a function that is not there."""
    if isinstance(value, Traversal):
        first = next(iter(value.steps), Instruction("__"))
        if first.name not in _STEPS and first.name not in _MODULATORS and first.name != "__":
            raise unsupported(first.name)
        raise QueryError(
            f"{name}() takes values, not the traversal {value}.",
            remedy=f"Give a value, or compute one with map({value}).",
        )
    if isinstance(value, dict):
        for key, one in value.items():
            refuse_traversals(key, name)
            refuse_traversals(one, name)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            refuse_traversals(one, name)
    elif isinstance(value, P):
        refuse_traversals(value.args, value.op)


def text_of(arg: Any) -> str | None:
    """An argument that must be text or null."""
    if arg is None or isinstance(arg, str):
        return arg
    raise TypeError(f"a text expected, not {arg!r}")


def texts_of(args: Iterable[Any]) -> tuple[str | None, ...]:
    """Arguments such as property keys, of which each must be text or null."""
    return tuple(map(text_of, args))


_OLAP = {"pageRank", "peerPressure", "connectedComponent", "shortestPath", "program"}


@dataclass(slots=True)
class Compiler:
    """Compiles one traversal."""

    depth: int = 0
    parents: list[str] = field(default_factory=list)

    def pipeline(self, traversal: Traversal, parent: str = "") -> Pipeline:
        """The steps of a (nested) traversal."""
        if traversal.source and parent:
            raise QueryError(
                "The child traversal was not spawned anonymously - use the __ class rather than a TraversalSource to "
                "construct the child traversal",
                remedy="Start child traversals with __ instead of g.",
            )
        self.depth += 1
        self.parents.append(parent)
        if self.depth > 200:
            raise QueryError("Traversals are nested more than 200 deep.", remedy="Simplify the query.")
        steps: list[Step] = []
        for instruction in self.connected(traversal.steps):
            self.add(steps, instruction)
        for made in steps:
            made.check()
        if steps and parent:
            steps[0].first_in_child = True
        self.depth -= 1
        self.parents.pop()
        push_down(steps)
        for change in _REWRITES:
            change(steps)
        return Pipeline(steps, str(traversal))

    def connected(self, instructions: tuple[Instruction, ...]) -> Iterable[Instruction]:
        """Infix and()/or() without arguments take what stands on both sides; or() binds weaker (ConnectiveStrategy)."""
        for name in ("or", "and"):
            if not any(i.name == name and not i.args for i in instructions):
                continue
            parts: list[list[Instruction]] = [[]]
            head: list[Instruction] = []
            for instruction in instructions:
                if instruction.name == name and not instruction.args:
                    parts.append([])
                else:
                    parts[-1].append(instruction)
            if parts[0] and parts[0][0].name in ("V", "E", "inject"):
                head.append(parts[0].pop(0))
            labels = [i for i in parts[-1][-1:] if i.name == "as"] if len(parts[-1]) > 1 else []
            if labels:
                parts[-1] = parts[-1][:-1]
            children = tuple(Traversal((), tuple(part)) for part in parts)
            return (*head, Instruction(name, children), *labels)
        return instructions

    def add(self, steps: list[Step], instruction: Instruction) -> None:
        """Appends what an instruction means to the steps before it."""
        for arg in instruction.args:
            if isinstance(arg, Lambda):
                raise UnsupportedStepError(
                    f"{instruction.name}() with a lambda is not supported.",
                    remedy="Write the lambda as a traversal, e.g. filter(__.values('age').is(P.gt(30))).",
                )
            plain = isinstance(arg, P) or (isinstance(arg, (dict, list)) and instruction.name != "property")
            if plain or instruction.name in _TAKES_VALUES:
                refuse_traversals(arg, instruction.name)
        change = _MODULATORS.get(instruction.name)
        if change is not None:
            self.modulate(change, steps, instruction)
            return
        maker = _STEPS.get(instruction.name)
        if maker is None:
            raise unsupported(instruction.name)
        with _arguments_of(instruction):
            made = maker(instruction, self)
        made.name = made.name or instruction.name
        made.text = str(instruction)
        steps.append(made)

    def modulate(self, change: Modulator, steps: list[Step], instruction: Instruction) -> None:
        if not steps:
            placeholder = _STEPS.get(f"{instruction.name}:start", _STEPS["identity"])
            made = placeholder(instruction, self)
            made.name = made.name or "identity"
            steps.append(made)
        with _arguments_of(instruction):
            replacement = change(steps[-1], instruction, self)
        if replacement is not None and replacement is not steps[-1]:
            replacement.text = replacement.text or str(instruction)
            steps.append(replacement)
        elif instruction.name != "as":
            steps[-1].text += f".{instruction}"

    def child(self, arg: Any, parent: str = "child") -> Pipeline:
        """A traversal argument as a pipeline; a plain value as constant."""
        if isinstance(arg, Traversal):
            return self.pipeline(arg, parent)
        raise TypeError(f"a traversal expected, not {arg!r}")

    def by(self, args: tuple[Any, ...], parent: str = "by") -> By:
        """The mapping that the arguments of a by() stand for."""
        if not args or args[0] is None:
            return IdentityBy()
        arg = args[0]
        if isinstance(arg, Traversal):
            simple = _simple_key(arg)
            return KeyBy(simple, single=True) if simple is not None else TraversalBy(self.pipeline(arg, parent))
        if isinstance(arg, T):
            return TokenBy(arg)
        if isinstance(arg, Column):
            return ColumnBy(arg)
        if isinstance(arg, str):
            return KeyBy(arg)
        raise TypeError(f"by() cannot take {arg!r}")


@contextmanager
def _arguments_of(instruction: Instruction) -> Iterator[None]:
    """Raises QueryError where the arguments are of the wrong number or kind."""
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise QueryError(
            f"{instruction.name}() cannot take these arguments: {instruction}",
            remedy="See the TinkerPop reference for the arguments of this step.",
        ) from error


def _simple_key(traversal: Traversal) -> str | None:
    if len(traversal.steps) == 1:
        instruction = traversal.steps[0]
        if instruction.name == "values" and len(instruction.args) == 1 and isinstance(instruction.args[0], str):
            return instruction.args[0]
    return None


def unsupported(name: str) -> UnsupportedStepError:
    """The refusal of a step we lack, with what comes closest."""
    if name in _OLAP:
        return UnsupportedStepError(
            f"The step {name}() needs a graph computer, which this engine does not have.",
            remedy="Use repeat()/path() traversals, or export the graph to an analytics library.",
        )
    if name in ("io", "read", "write"):
        return UnsupportedStepError(
            "The step io() is refused: a query must not read or write files of the server.",
            remedy="Register the file as a source, or use the export command.",
        )
    close = difflib.get_close_matches(name, known_steps(), n=5, cutoff=0.5)
    hint = f" Did you mean {', '.join(close)}?" if close else ""
    return UnsupportedStepError(
        f"The step {name}() is not known.{hint}", remedy=f"All steps: {', '.join(known_steps())}."
    )


class Hint(Step):
    """A step that can use an index: ``take`` is offered the conditions that follow it (V().has(...))."""

    def take(self, condition: Step) -> None:
        """Notes a condition; the condition itself stays, so that an index may answer too much."""


def push_down(steps: list[Step]) -> None:
    """Offers the filters behind V() and E() to them, so that the graph can use its indexes; lets the second of two
    steps along edges merge what arrives, where nothing between them could notice."""
    quiet = not any(s.declares() or s.mutates for s in steps)
    for index, made in enumerate(steps):
        if quiet and index > 1 and hasattr(made, "merge_first"):
            made.merge_first = any(hasattr(s, "merge_first") for s in steps[:index])
        if isinstance(made, Hint):
            for condition in steps[index + 1 :]:
                if condition.name not in ("has", "hasLabel", "hasId", "as", "identity"):
                    break
                made.take(condition)
