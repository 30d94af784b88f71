"""The statements that steps would send to the served tables, for explain()."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from graphstore.database import Database
from graphstore.gremlin.plan import Step
from graphstore.gremlin.sqlelements import SqlVertex
from graphstore.gremlin.sqlgraph import SqlGraph
from graphstore.gremlin.steps.graph import AdjacentStep, AlongStep, ElementsStep
from graphstore.gremlin.traverser import Context, Traverser

__all__ = ["StatementRecorder"]


class StatementRecorder(SqlGraph):
    """The served tables as they would be asked: statements are written down instead of sent."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, None)
        self._texts: dict[str, None] = {}

    def rows(self, text: str, *parameters: Any) -> list[Any]:
        self._texts[" ".join(text.split())] = None
        return []

    def label_numbers(self, element: int, labels: Iterable[str]) -> list[int]:
        return [number for number, _ in enumerate(labels)]

    def of(self, step: Step) -> list[str]:
        """The statements of a step, each once; of a step along edges those for many vertices."""
        self._texts = {}
        if isinstance(step, ElementsStep):
            for _ in islice(step.flat_map(Traverser(None), Context(self)), 1):
                pass
        elif isinstance(step, AlongStep) and step.edge_labels is not None:
            some = [SqlVertex(self, number, "", "", "{}", None) for number in (1, 2)]
            self.edges_of(some, step.direction, step.edge_labels)
            if isinstance(step, AdjacentStep):
                self.load((1, 2))
        return list(self._texts)
