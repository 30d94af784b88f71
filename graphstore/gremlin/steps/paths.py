"""path(), and the modulators from() and to() that cut a piece out of it."""

from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, modulator, step
from graphstore.gremlin.elements import Path
from graphstore.gremlin.plan import MapStep, Step, TakesBys
from graphstore.gremlin.steps.filters import PathFilterStep, section
from graphstore.gremlin.steps.graph import along_direction
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Direction, Instruction, Traversal

__all__ = ["PathStep"]


class PathStep(TakesBys, MapStep):
    """path().by(): the by() go round; one that is not productive filters the path."""

    def __init__(self) -> None:
        super().__init__()
        self.start: str | None = None
        self.end: str | None = None

    def map(self, t: Traverser, ctx: Context) -> Any:
        path = t.path.to_path() if t.path is not None else Path([], [])
        if self.start is not None or self.end is not None:
            path = section(path, self.start, self.end)
        if not self.bys:
            return path
        objects = []
        for index, obj in enumerate(path.objects):
            value = self.bys[index % len(self.bys)].of_object(obj, t, ctx)
            if value is SKIP:
                return SKIP
            objects.append(value)
        return Path(path.labels, objects)


@step("path")
def path(instruction: Instruction, compiler: Compiler) -> Step:
    return PathStep()


@modulator("from")
def from_(previous: Step, instruction: Instruction, compiler: Compiler) -> None:
    _ends(previous, instruction, compiler, "start")


@modulator("to")
def to(previous: Step, instruction: Instruction, compiler: Compiler) -> Step | None:
    if instruction.args and isinstance(instruction.args[0], Direction):
        made = along_direction(instruction, compiler)
        made.name = "to"
        return made
    _ends(previous, instruction, compiler, "end")
    return None


def _ends(previous: Step, instruction: Instruction, compiler: Compiler, which: str) -> None:
    (arg,) = instruction.args
    if isinstance(previous, (PathStep, PathFilterStep)):
        setattr(previous, which, str(arg))
        return
    target = getattr(previous, f"set_{which}", None)
    if target is None:
        raise QueryError(
            f"{instruction.name}() cannot follow {previous.name}().",
            remedy="from() and to() go with addE(), path(), simplePath() and cyclicPath().",
        )
    target(compiler.child(arg) if isinstance(arg, Traversal) else arg)
