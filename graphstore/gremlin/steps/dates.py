"""asDate, dateAdd, dateDiff."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.literals import parse_date
from graphstore.gremlin.numbers import Long, is_number
from graphstore.gremlin.plan import MapStep, Pipeline, Step
from graphstore.gremlin.traverser import Context, Traverser
from graphstore.gremlin.tree import DT, Instruction, Traversal

__all__ = ["as_datetime"]


def as_datetime(value: Any) -> datetime:
    """A date, an ISO-8601 text or milliseconds since 1970 as a date-time with an offset. Raises QueryError."""
    try:
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(), tzinfo=UTC)
        if isinstance(value, str):
            return parse_date(value)
        if is_number(value) and int(value) == value:
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(value))
    except (ValueError, OverflowError):
        pass
    raise QueryError(f"Can't parse {value!r} as Date.", remedy="Use an ISO-8601 text or whole milliseconds since 1970.")


class AsDateStep(MapStep):
    def map(self, t: Traverser, ctx: Context) -> Any:
        return as_datetime(t.obj)


@step("asDate")
def as_date(instruction: Instruction, compiler: Compiler) -> Step:
    return AsDateStep()


_UNITS = {
    DT.second: timedelta(seconds=1),
    DT.minute: timedelta(minutes=1),
    DT.hour: timedelta(hours=1),
    DT.day: timedelta(days=1),
}


class DateAddStep(MapStep):
    def __init__(self, amount: timedelta) -> None:
        self.amount = amount

    def map(self, t: Traverser, ctx: Context) -> Any:
        try:
            return as_datetime(t.obj) + self.amount
        except OverflowError:
            raise QueryError("dateAdd() leaves the years 1 to 9999.", remedy="Add less.") from None


@step("dateAdd")
def date_add(instruction: Instruction, compiler: Compiler) -> Step:
    unit, amount = instruction.args
    return DateAddStep(_UNITS[unit] * int(amount))


class DateDiffStep(MapStep):
    """Milliseconds between the traverser's date and another."""

    def __init__(self, other: Any) -> None:
        self.other = other

    def children(self) -> Iterable[Pipeline]:
        return (self.other,) if isinstance(self.other, Pipeline) else ()

    def map(self, t: Traverser, ctx: Context) -> Any:
        other = self.other.first(t, ctx) if isinstance(self.other, Pipeline) else self.other
        return Long((as_datetime(t.obj) - as_datetime(other)) // timedelta(milliseconds=1))


@step("dateDiff")
def date_diff(instruction: Instruction, compiler: Compiler) -> Step:
    (other,) = instruction.args
    return DateDiffStep(compiler.child(other) if isinstance(other, Traversal) else other)
