"""What the source instructions of a traversal ask for: g.withSideEffect(...).withSack(...).with(...)."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bifrost.errors import QueryError, UnsupportedStepError
from graphstore.gremlin.compiler import refuse_traversals
from graphstore.gremlin.steps.reduce import operator
from graphstore.gremlin.strategies import apply_strategies
from graphstore.gremlin.traverser import Context, Limits
from graphstore.gremlin.tree import Instruction, Strategy

__all__ = ["SourceSettings", "lowered", "read_source"]


@dataclass(slots=True)
class SourceSettings:
    """What the source instructions of a traversal ask for."""

    strategies: dict[str, Strategy] = field(default_factory=dict)
    side_effects: dict[str, Any] = field(default_factory=dict)
    reducers: dict[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    sack: Instruction | None = None
    bulk: bool = True
    path: bool = False

    def within(self, limits: Limits) -> Limits:
        """The limits, lowered where the traversal asks for less."""
        return lowered(limits, self.options)

    def apply(self, ctx: Context) -> None:
        """Prepares an execution."""
        if self.side_effects:
            ctx.side_effects = {key: copy.copy(value) for key, value in self.side_effects.items()}
        ctx.reducers = self.reducers
        ctx.bulk = self.bulk
        if self.sack is not None:
            initial, *operators = self.sack.args
            ctx.sack_initial = lambda: copy.copy(initial)
            if operators:
                ctx.sack_merge = operator(operators[-1])
        if self.strategies:
            apply_strategies(self.strategies, ctx)


def lowered(limits: Limits, options: Mapping[str, Any]) -> Limits:
    """The limits, with less time (``evaluationTimeout``, ms) and fewer objects (``maxObjects``) where options ask for it."""
    timeout = options.get("evaluationTimeout", options.get("scriptEvaluationTimeout"))
    objects = options.get("maxObjects")
    seconds, traversers = limits.seconds, limits.traversers
    if isinstance(timeout, int) and timeout > 0:
        seconds = min(seconds, timeout / 1000)
    if isinstance(objects, int) and objects > 0:
        traversers = min(traversers, objects)
    return Limits(seconds, traversers)


def read_source(instructions: tuple[Instruction, ...]) -> SourceSettings:
    """Raises QueryError, UnsupportedStepError."""
    source = SourceSettings()
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
            refuse_traversals(args, name)
            source.side_effects[str(args[0])] = args[1]
            if len(args) > 2:
                source.reducers[str(args[0])] = operator(args[2])
        elif name == "withSack":
            refuse_traversals(args, name)
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
            raise UnsupportedStepError(
                f"The source step {name}() is not known.", remedy="Use withSideEffect, withSack, ..."
            )
    return source
