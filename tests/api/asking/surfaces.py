"""Asks a running application a question on every surface, and brings the answers into one form."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import httpx

from tests.api.asking.answers import Answer, plain
from tests.api.asking.in_graphql import Generic
from tests.api.asking.in_gremlin import gremlin
from tests.api.asking.in_sparql import sparql
from tests.api.asking.in_typed import Typed
from tests.api.asking.questions import Groups, Identities, Measure, NotExpressibleError, Ordered, Question, Total
from tests.api.test_surfaces import vertex_of

__all__ = ["Surfaces"]

_XSD = "http://www.w3.org/2001/XMLSchema#"


@dataclass
class Surfaces:
    """``gremlin``, ``sparql``, ``generic`` and ``typed`` GraphQL (twice: links nested in links, and nested filters)."""

    http: httpx.AsyncClient
    typed: Typed

    @classmethod
    async def of(cls, http: httpx.AsyncClient) -> "Surfaces":
        async def execute(query: str, variables: dict[str, Any]) -> dict[str, Any]:
            return await graphql(http, query, variables)

        return cls(http, await Typed.of(execute))

    async def answers(self, question: Question) -> AsyncIterator[tuple[str, Answer]]:
        """(surface, answer) of those that have words for it; an answer of None is that there is none."""
        script = gremlin(question)
        if script is not None:
            yield "gremlin", _of_gremlin(question, await self.ask_gremlin(*script))
        yield "sparql", _of_sparql(question, await self.ask_sparql(sparql(question)))
        for name, answer in (
            ("generic", Generic(self.typed.execute).answer),
            ("typed forwards", self.typed.forwards),
            ("typed filters", self.typed.backwards),
        ):
            found = await answer(question)
            if found is not None:
                yield name, found

    async def ask_gremlin(self, script: str, bindings: dict[str, Any]) -> list[Any]:
        response = await self.http.post("/gremlin", json={"gremlin": script, "bindings": bindings})
        assert response.status_code == 200, (script, bindings, response.text)
        found: list[Any] = read_graphson(response.json()["result"]["data"])
        return found

    async def ask_sparql(self, query: str) -> list[dict[str, Any]]:
        """Rows of values; IRIs as text."""
        headers = {"Accept": "application/sparql-results+json"}
        response = await self.http.post("/sparql", data={"query": query}, headers=headers)
        assert response.status_code == 200, (query, response.text)
        rows = response.json()["results"]["bindings"]
        return [{name: _term(one) for name, one in row.items()} for row in rows]


async def graphql(http: httpx.AsyncClient, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    answer = (await http.post("/graphql", json={"query": query, "variables": variables})).json()
    for error in answer.get("errors", ()):
        if error["extensions"]["code"] == "query_limit" or error["message"].startswith("Filters are nested deeper"):
            raise NotExpressibleError  # it costs more than one request may
    assert "errors" not in answer, (query, variables, answer["errors"])
    data: dict[str, Any] = answer["data"]
    return data


def read_graphson(data: Any) -> Any:
    """Typed GraphSON 3 as Python values; a map as a list of pairs."""
    if not isinstance(data, dict):
        return [read_graphson(one) for one in data] if isinstance(data, list) else data
    kind, value = data["@type"], data["@value"]
    match kind:
        case "g:Map":
            return [(read_graphson(key), read_graphson(one)) for key, one in zip(value[::2], value[1::2], strict=True)]
        case "g:List" | "g:Set":
            return [read_graphson(one) for one in value]
        case "gx:OffsetDateTime":
            return datetime.fromisoformat(value)
        case "gx:BigDecimal":
            return Decimal(str(value))
        case "gx:BigInteger":
            return int(value)
    return value


def _term(term: dict[str, str]) -> Any:
    text = term["value"]
    match term.get("datatype", "").removeprefix(_XSD):
        case "integer":
            return int(text)
        case "decimal":
            return Decimal(text)
        case "double":
            return float(text)
        case "boolean":
            return text == "true"
        case "date":
            return date.fromisoformat(text)
        case "dateTime":
            return datetime.fromisoformat(text)
        case "time":
            return time.fromisoformat(text)
    return text


def _of_gremlin(question: Question, found: Sequence[Any]) -> Answer:
    match question.ask:
        case Identities():
            return sorted(found)
        case Ordered():
            return list(found)
        case Total() | Measure(_, "count" | "distinct"):
            return found[0]
        case Measure(name, _):
            return _plain(name, found[0]) if found else None
        case Groups(name):
            return Counter({_plain(name, key): n for key, n in found[0]})


def _of_sparql(question: Question, rows: Sequence[dict[str, Any]]) -> Answer:
    match question.ask:
        case Identities():
            return sorted(vertex_of(row["id"]) for row in rows)
        case Ordered():
            return [vertex_of(row["id"]) for row in rows]
        case Total() | Measure(_, "count" | "distinct"):
            return rows[0]["n"]
        case Measure(name, _):
            # The sum and the mean of nothing are 0 in SPARQL.
            nothing = not rows or "n" not in rows[0]
            return None if nothing else _plain(name, rows[0]["n"])
        case Groups(name):
            return Counter({_plain(name, row["x"]): row["n"] for row in rows if "x" in row})


def _plain(name: str, value: Any) -> Any:
    """Gremlin's days are moments, its times texts."""
    if name == "born" and isinstance(value, datetime):
        return value.date().isoformat()
    return plain(value)
