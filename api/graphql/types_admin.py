"""Users, tokens, projections and the audit log as GraphQL types."""

from datetime import datetime

import strawberry

from api import accounts, ports
from api.graphql.operations import RegisteredOperation
from api.permissions import Role
from api.ports import ProjectionState

__all__ = [
    "AuditEntryType",
    "EditType",
    "NewTokenType",
    "ProjectionType",
    "RegisteredOperationType",
    "TokenType",
    "UserType",
]

strawberry.enum(Role)
strawberry.enum(ProjectionState, description="How something that follows the change log does.")


@strawberry.type(name="User")
class UserType:
    name: str
    role: Role
    created: datetime | None
    sources: list[str] | None = strawberry.field(description="The sources that a reader may see; null for all.")

    @classmethod
    def of(cls, user: accounts.User) -> "UserType":
        return cls(
            name=user.name,
            role=user.role,
            created=user.created,
            sources=None if user.sources is None else list(user.sources),
        )


@strawberry.type(name="Token", description="A personal API token, without its secret.")
class TokenType:
    id: int
    name: str
    scopes: list[str]
    created: datetime
    expires: datetime | None
    last_used: datetime | None

    @classmethod
    def of(cls, token: accounts.Token) -> "TokenType":
        return cls(
            id=token.id,
            name=token.name,
            scopes=[scope.value for scope in token.scopes],
            created=token.created,
            expires=token.expires,
            last_used=token.last_used,
        )


@strawberry.type(name="NewToken", description="The secret is shown once and kept nowhere.")
class NewTokenType:
    token: TokenType
    secret: str


@strawberry.type(name="Projection", description="How far something that follows the change log is.")
class ProjectionType:
    name: str
    position: int
    behind: int = strawberry.field(description="Changes that it has still to apply.")
    seconds: float = strawberry.field(description="Age of the oldest of them.")
    state: ProjectionState
    progress: float | None = strawberry.field(description="How much of a rebuild is done, in [0, 1].")
    problem: str = strawberry.field(description="Why the last rebuild failed, or why it cannot follow.")


@strawberry.type(name="RegisteredOperation", description="A GraphQL document that clients may run by its hash.")
class RegisteredOperationType:
    hash: str
    document: str
    by: str
    used: datetime = strawberry.field(description="When it was registered or used last, to the minute.")

    @classmethod
    def of(cls, one: RegisteredOperation) -> "RegisteredOperationType":
        return cls(hash=one.hash, document=one.document, by=one.by, used=one.used)


@strawberry.type(name="AuditEntry", description="Who did what.")
class AuditEntryType:
    at: datetime
    user: str
    action: str
    subject: str
    outcome: str
    address: str


@strawberry.type(name="Edit", description="One change that a person made by hand, to the graph or to its sources.")
class EditType:
    id: int
    element: str = strawberry.field(description="vertex, edge or source")
    subject: strawberry.ID
    action: str = strawberry.field(description="add, update or delete")
    by: str
    at: datetime
    undone: bool

    @classmethod
    def of(cls, edit: ports.Edit) -> "EditType":
        return cls(
            id=edit.id,
            element=edit.element,
            subject=strawberry.ID(edit.subject),
            action=edit.action,
            by=edit.by,
            at=edit.at,
            undone=edit.undone_by is not None,
        )
