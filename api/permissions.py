"""Who may do what: roles, token scopes, and the one table of rules for every route and every GraphQL root field.

A route or field without a rule cannot be served: :func:`route_rule` and :func:`field_rule` raise, and a test walks all.
"""

from dataclasses import dataclass
from enum import StrEnum

from bifrost.errors import AuthenticationError, PermissionDeniedError

__all__ = ["FIELD_RULES", "ROUTE_RULES", "Principal", "Role", "Rule", "Scope", "check", "field_rule", "route_rule"]


class Role(StrEnum):
    READER = "reader"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


ROLE_SCOPES = {
    Role.READER: frozenset({Scope.READ}),
    Role.REVIEWER: frozenset({Scope.READ, Scope.WRITE}),
    Role.ADMIN: frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from. ``scopes`` are the role's, for a token those that the token was given as well.

    ``via`` is session, token, password or open (a throw-away service without sign-in). ``sources`` are those that a
    reader may see, None for all.
    """

    name: str
    role: Role
    scopes: frozenset[Scope]
    via: str = "session"
    sources: frozenset[str] | None = None

    @classmethod
    def of(
        cls,
        name: str,
        role: Role,
        granted: frozenset[Scope] | None = None,
        *,
        via: str,
        sources: frozenset[str] | None = None,
    ) -> "Principal":
        allowed = ROLE_SCOPES[role]
        if granted is None:
            return cls(name, role, allowed, via, sources)
        # A wider scope includes the narrower ones.
        widest = allowed & frozenset().union(*(_INCLUDED[scope] for scope in granted)) if granted else frozenset()
        return cls(name, role, widest, via, sources)


_INCLUDED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.ADMIN: frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN}),
}


class Rule(StrEnum):
    """What a caller needs. ``OPEN`` nothing, ``SIGNED_IN`` to be somebody, else the scope of that name."""

    OPEN = "open"
    SIGNED_IN = "signed_in"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


ROUTE_RULES: dict[str, Rule] = {
    "/health": Rule.OPEN,
    "/ready": Rule.OPEN,
    "/api/session": Rule.OPEN,  # signing in; reading and ending a session look for it themselves
    "/api/uploads": Rule.WRITE,
    "/api/documents/page": Rule.READ,
    "/api/export": Rule.READ,
    "/metrics": Rule.OPEN,  # checks read scope or a direct loopback connection itself
    "/graphql": Rule.READ,  # and per root field, below; WebSockets may also sign in by connection_init
    "/sparql": Rule.READ,
    "/sparql/graphs": Rule.READ,
    "/sparql/graphs/{path:path}": Rule.READ,
    "/gremlin": Rule.READ,  # WebSockets sign in by SASL inside the protocol
    "/gremlin/status": Rule.READ,
    "/pg/statistics/summary": Rule.READ,
    "/propertygraph/statistics/summary": Rule.READ,
    "/rdf/statistics/summary": Rule.READ,
    "/{path:path}": Rule.OPEN,  # the console's own files, which hold no data
}

FIELD_RULES: dict[str, Rule] = {
    "Query.me": Rule.SIGNED_IN,
    "Query.version": Rule.READ,
    "Query.sourceKinds": Rule.READ,
    "Query.sources": Rule.READ,
    "Query.source": Rule.READ,
    "Query.previewDataset": Rule.WRITE,
    "Query.failures": Rule.READ,
    "Query.builds": Rule.READ,
    "Query.build": Rule.READ,
    "Query.linkTypes": Rule.READ,
    "Query.linkType": Rule.READ,
    "Query.reviewSummary": Rule.READ,
    "Query.acceptRules": Rule.READ,
    "Query.acceptRuleChanges": Rule.READ,
    "Query.linkingKnowledge": Rule.READ,
    "Query.knowledgeImports": Rule.READ,
    "Query.auditResults": Rule.READ,
    "Query.reviewers": Rule.READ,
    "Query.replay": Rule.READ,
    "Query.linkAudits": Rule.READ,
    "Query.questions": Rule.READ,
    "Query.pairQuestions": Rule.READ,
    "Query.judgements": Rule.READ,
    "Query.pairs": Rule.READ,
    "Query.statistics": Rule.READ,
    "Query.vertex": Rule.READ,
    "Query.vertices": Rule.READ,
    "Query.aggregate": Rule.READ,
    "Query.edge": Rule.READ,
    "Query.edges": Rule.READ,
    "Query.neighbourhood": Rule.READ,
    "Query.path": Rule.READ,
    "Query.search": Rule.READ,
    "Query.documentPage": Rule.READ,
    "Query.vertexTypes": Rule.READ,
    "Query.edits": Rule.READ,
    "Query.users": Rule.ADMIN,
    "Query.tokens": Rule.READ,
    "Query.operations": Rule.ADMIN,
    "Query.projections": Rule.READ,
    "Query.settings": Rule.ADMIN,
    "Query.auditLog": Rule.ADMIN,
    "Mutation.testSource": Rule.ADMIN,
    "Mutation.addSource": Rule.ADMIN,
    "Mutation.updateSource": Rule.ADMIN,
    "Mutation.removeSource": Rule.ADMIN,
    "Mutation.startBuild": Rule.WRITE,
    "Mutation.cancelBuild": Rule.WRITE,
    "Mutation.judge": Rule.WRITE,
    "Mutation.judgePair": Rule.WRITE,
    "Mutation.addLinkType": Rule.WRITE,
    "Mutation.undo": Rule.WRITE,
    "Mutation.setAcceptRule": Rule.WRITE,
    "Mutation.undoAcceptRule": Rule.WRITE,
    "Mutation.teach": Rule.WRITE,
    "Mutation.importKnowledge": Rule.WRITE,
    "Mutation.removeKnowledge": Rule.WRITE,
    "Mutation.addVertex": Rule.WRITE,
    "Mutation.updateVertex": Rule.WRITE,
    "Mutation.deleteVertex": Rule.WRITE,
    "Mutation.addEdge": Rule.WRITE,
    "Mutation.updateEdge": Rule.WRITE,
    "Mutation.deleteEdge": Rule.WRITE,
    "Mutation.undoEdit": Rule.WRITE,
    "Mutation.rebuildProjection": Rule.ADMIN,
    "Mutation.registerOperation": Rule.ADMIN,
    "Mutation.removeOperation": Rule.ADMIN,
    "Mutation.createToken": Rule.READ,  # never with more scopes than the caller has
    "Mutation.revokeToken": Rule.READ,  # one's own; those of others need admin
    "Mutation.addUser": Rule.ADMIN,
    "Mutation.setSources": Rule.ADMIN,
    "Mutation.setPassword": Rule.READ,  # one's own when signed in as a person; those of others need admin
    "Mutation.removeUser": Rule.ADMIN,
    "Subscription.build": Rule.READ,
    "Subscription.builds": Rule.READ,
    "Subscription.graphChanged": Rule.READ,
    "Subscription.predictLinks": Rule.READ,
}


def route_rule(path: str) -> Rule:
    """The rule of a route pattern. Raises KeyError for a route that has none."""
    return ROUTE_RULES[path]


def field_rule(parent: str, field: str) -> Rule:
    """The rule of a root field. Typed root fields of vertex types (not listed by name) only read, so they need READ;
    introspection needs what the route needs. Raises KeyError for a generic field without a rule."""
    if field.startswith("__"):
        return Rule.READ
    return FIELD_RULES[f"{parent}.{field}"]


def check(principal: Principal | None, rule: Rule, what: str = "this") -> None:
    """Raises AuthenticationError or PermissionDeniedError unless ``principal`` satisfies ``rule``."""
    if rule is Rule.OPEN:
        return
    if principal is None:
        raise AuthenticationError("You are not signed in.")
    if rule is Rule.SIGNED_IN or rule.value in principal.scopes:
        return
    raise PermissionDeniedError(
        f"{principal.name} may not use {what}: it needs the scope {rule.value!r}.",
        remedy="Ask an administrator for the role, or use a token with that scope.",
    )
