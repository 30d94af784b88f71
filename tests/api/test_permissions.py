"""Nothing can be reached without a rule, and every rule holds on every route and every root field."""

from typing import Any

import httpx
import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, is_enum_type, is_input_object_type, is_leaf_type, is_list_type
from graphql import get_named_type as named
from starlette.routing import Route, WebSocketRoute

from api.graphql.schema import generic_schema
from api.permissions import FIELD_RULES, ROLE_SCOPES, ROUTE_RULES, Principal, Role, Rule, Scope, check
from bifrost.errors import AuthenticationError, PermissionDeniedError
from tests.api.conftest import Shop, connect

pytestmark = pytest.mark.anyio

SCHEMA = generic_schema()
ROOTS = {"Query": SCHEMA.query_type, "Mutation": SCHEMA.mutation_type, "Subscription": SCHEMA.subscription_type}
FIELDS = [f"{root}.{field}" for root, type_ in ROOTS.items() for field in (type_.fields if type_ else ())]
ROLES = {"rob": Role.READER, "rita": Role.REVIEWER, "admin": Role.ADMIN}


def example(type_: Any) -> str:
    """A literal that fits an input type, so that a call gets past validation."""
    if isinstance(type_, GraphQLNonNull):
        return example(type_.of_type)
    if is_list_type(type_):
        return f"[{example(type_.of_type)}]"
    if is_enum_type(type_):
        return str(next(iter(type_.values)))
    if is_input_object_type(type_):
        required = {name: one for name, one in type_.fields.items() if isinstance(one.type, GraphQLNonNull)}
        return "{" + ", ".join(f"{name}: {example(one.type)}" for name, one in required.items()) + "}"
    return {"Int": "999", "Float": "0.5", "Boolean": "true", "JSON": "{}"}.get(type_.name, '"nothing"')


def operation(path: str) -> str:
    """A call of a root field with made-up arguments."""
    root, _, name = path.partition(".")
    field = ROOTS[root].fields[name]  # type: ignore[union-attr]
    required = {key: one for key, one in field.args.items() if isinstance(one.type, GraphQLNonNull)}
    arguments = ", ".join(f"{key}: {example(one.type)}" for key, one in required.items())
    target = named(field.type)
    selection = " { __typename }" if isinstance(target, GraphQLObjectType) else ""
    assert selection or is_leaf_type(target)
    return f"{root.lower()} {{ {name}{f'({arguments})' if arguments else ''}{selection} }}"


def test_every_root_field_has_a_rule_and_every_rule_a_field() -> None:
    assert sorted(FIELD_RULES) == sorted(FIELDS)


def test_every_route_has_a_rule(shop: Shop) -> None:
    paths = {route.path for route in shop.app.routes if isinstance(route, Route | WebSocketRoute)}
    assert paths <= set(ROUTE_RULES)
    assert len(paths) == len({route.path for route in shop.app.routes if hasattr(route, "path")})


def test_only_what_holds_no_data_is_open() -> None:
    open_routes = {path for path, rule in ROUTE_RULES.items() if rule is Rule.OPEN}
    assert open_routes == {"/health", "/ready", "/metrics", "/api/session", "/{path:path}"}
    assert Rule.OPEN not in FIELD_RULES.values()


@pytest.mark.parametrize("path", [path for path, rule in ROUTE_RULES.items() if rule is not Rule.OPEN])
async def test_nobody_gets_in_without_signing_in(shop: Shop, path: str) -> None:
    if path not in {route.path for route in shop.app.routes if isinstance(route, Route)}:
        pytest.skip("served by the Gremlin server")
    async with connect(shop.app) as http:
        methods = {
            m
            for route in shop.app.routes
            if isinstance(route, Route) and route.path == path
            for m in route.methods or ()
        }
        for method in methods:
            response = await http.request(method, path)
            assert response.status_code == 401
            if method != "HEAD":
                assert response.json()["error"]["code"] == "unauthenticated"


@pytest.mark.parametrize("name", ROLES)
async def test_every_root_field_refuses_exactly_those_who_lack_its_scope(shop: Shop, name: str) -> None:
    async with connect(shop.app, name) as http:
        for path in FIELDS:
            if path.startswith("Subscription"):
                continue  # over WebSockets, by the same check
            allowed = FIELD_RULES[path].value in ROLE_SCOPES[ROLES[name]] or FIELD_RULES[path] is Rule.SIGNED_IN
            if path in ("Mutation.removeUser", "Mutation.setPassword") and allowed:
                continue
            answer = (await http.post("/graphql", json={"query": operation(path)})).json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert ("forbidden" not in codes) is allowed, (path, answer)
            assert "internal" not in codes, (path, answer)
            if not allowed:
                assert "data" not in answer


async def test_a_field_inside_a_fragment_needs_its_scope_too(shop: Shop) -> None:
    query = "query { ...f } fragment f on Query { ... on Query { hidden: users { name } } }"
    async with connect(shop.app, "rob") as http:
        answer = (await http.post("/graphql", json={"query": query})).json()
    assert answer["errors"][0]["extensions"]["code"] == "forbidden"


@pytest.mark.parametrize(("name", "status"), [("rob", 403), ("rita", 400)])
async def test_uploading_needs_write(shop: Shop, name: str, status: int) -> None:
    async with connect(shop.app, name) as http:
        assert (await http.post("/api/uploads")).status_code == status


async def test_people_set_their_own_password_and_no_other(shop: Shop) -> None:
    mutation = 'mutation($n: String!) { setPassword(name: $n, password: "a new password") }'
    async with connect(shop.app, "rob") as http:
        own = (await http.post("/graphql", json={"query": mutation, "variables": {"n": "rob"}})).json()
    assert own == {"data": {"setPassword": True}}
    async with connect(shop.app, "rita") as http:
        other = (await http.post("/graphql", json={"query": mutation, "variables": {"n": "rob"}})).json()
    assert other["errors"][0]["extensions"]["code"] == "forbidden"


async def test_a_token_has_no_more_rights_than_it_was_given(shop: Shop) -> None:
    admin = Principal.of("admin", Role.ADMIN, via="session")
    secret = shop.accounts.create_token(admin, "script", ["read"]).secret
    transport = httpx.ASGITransport(shop.app, client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://bifrost.test") as http:
        http.headers["Authorization"] = f"Bearer {secret}"
        assert (await http.post("/graphql", json={"query": "{ version }"})).json()["data"]["version"]
        for path in ("Query.users", "Mutation.startBuild", "Mutation.addUser"):
            answer = (await http.post("/graphql", json={"query": operation(path)})).json()
            assert answer["errors"][0]["extensions"]["code"] == "forbidden"
        more = 'mutation { createToken(name: "x", scopes: ["admin"]) { secret } }'
        assert (await http.post("/graphql", json={"query": more})).json()["errors"][0]["extensions"][
            "code"
        ] == "forbidden"


def test_a_wider_scope_includes_the_narrower_ones_but_never_more_than_the_role() -> None:
    assert Principal.of("x", Role.REVIEWER, frozenset({Scope.ADMIN}), via="token").scopes == {Scope.READ, Scope.WRITE}
    assert Principal.of("x", Role.ADMIN, frozenset({Scope.WRITE}), via="token").scopes == {Scope.READ, Scope.WRITE}
    assert Principal.of("x", Role.ADMIN, frozenset(), via="token").scopes == frozenset()


def test_check_tells_who_is_not_signed_in_from_who_may_not() -> None:
    with pytest.raises(AuthenticationError):
        check(None, Rule.READ)
    with pytest.raises(PermissionDeniedError, match="rob may not use /x"):
        check(Principal.of("rob", Role.READER, via="session"), Rule.WRITE, "/x")
