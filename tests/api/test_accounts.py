"""Users, tokens and sessions, on SQLite and PostgreSQL."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from api.accounts import Accounts, hash_secret, open_accounts
from api.accounts_schema import account_session, account_token, account_user, migrate, open_engine
from api.permissions import Principal, Role, Scope
from api.sessions import Sessions
from api.throttle import Throttle
from bifrost.errors import (
    AuthenticationError,
    ConflictError,
    InputError,
    NotFoundError,
    PermissionDeniedError,
    TooManyAttemptsError,
)
from bifrost.settings import Settings, load_settings
from tests.api.conftest import QUICK
from tests.fixtures.servers import Server

ADMIN = Principal.of("admin", Role.ADMIN, via="session")


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return load_settings(data_dir=tmp_path)
    server: Server = request.getfixturevalue("postgres")
    return load_settings(data_dir=tmp_path, store_url=server.address(server.create_database()))


@pytest.fixture
def accounts(settings: Settings) -> Iterator[Accounts]:
    opened = open_accounts(settings, QUICK)
    yield opened
    opened.close()


def test_the_first_start_makes_an_admin_with_a_password_that_is_told_once(accounts: Accounts) -> None:
    password = accounts.ensure_admin()
    assert password
    assert len(password) >= 20
    assert accounts.sign_in("admin", password).role is Role.ADMIN
    assert accounts.ensure_admin() is None
    assert [user.name for user in accounts.users()] == ["admin"]


def test_the_admin_gets_the_password_of_the_settings(accounts: Accounts) -> None:
    assert accounts.ensure_admin("from settings") is None
    assert accounts.sign_in("admin", "from settings").scopes == set(Scope)


def test_passwords_and_secrets_are_stored_hashed_only(accounts: Accounts) -> None:
    accounts.ensure_admin("a long password")
    secret = accounts.create_token(ADMIN, "t", ["read"]).secret
    cookie = Sessions(accounts.engine).start("admin")
    with accounts.engine.connect() as connection:
        rows = [
            str(list(connection.execute(select(table)))) for table in (account_user, account_token, account_session)
        ]
    assert not any(hidden in row for row in rows for hidden in ("a long password", secret, cookie))
    assert "$argon2id$" in rows[0]


@pytest.mark.parametrize(("name", "password"), [("admin", "wrong"), ("nobody", "a long password"), ("admin", "")])
def test_wrong_names_and_passwords_get_the_same_answer(accounts: Accounts, name: str, password: str) -> None:
    accounts.ensure_admin("a long password")
    with pytest.raises(AuthenticationError, match="User name or password is wrong"):
        accounts.sign_in(name, password)


def test_a_new_password_ends_sessions_and_the_old_password(accounts: Accounts) -> None:
    accounts.ensure_admin("a long password")
    accounts.sign_in("admin", "a long password")
    cookie = Sessions(accounts.engine).start("admin")
    accounts.set_password("admin", "another password")
    with pytest.raises(AuthenticationError):
        accounts.sign_in("admin", "a long password")
    with pytest.raises(AuthenticationError):
        Sessions(accounts.engine).find(cookie)
    assert accounts.sign_in("admin", "another password")


@pytest.mark.parametrize(("name", "password"), [("", "long enough"), ("a b", "long enough"), ("ok", "short")])
def test_unfit_names_and_passwords_are_refused(accounts: Accounts, name: str, password: str) -> None:
    with pytest.raises(InputError):
        accounts.add_user(name, password, Role.READER)


def test_names_are_unique_and_the_last_admin_stays(accounts: Accounts) -> None:
    accounts.ensure_admin("a long password")
    accounts.add_user("ann", "a long password", Role.READER)
    with pytest.raises(ConflictError):
        accounts.add_user("ann", "a long password", Role.READER)
    with pytest.raises(ConflictError, match="last administrator"):
        accounts.remove_user("admin")
    accounts.remove_user("ann")
    with pytest.raises(NotFoundError):
        accounts.user("ann")


def test_a_token_signs_in_until_it_is_revoked(accounts: Accounts) -> None:
    accounts.ensure_admin("a long password")
    new = accounts.create_token(ADMIN, "script", ["write", "read"])
    assert accounts.by_token(new.secret).scopes == {Scope.READ, Scope.WRITE}
    assert accounts.sign_in("admin", new.secret).via == "token"
    [listed] = accounts.tokens("admin")
    assert listed.last_used is not None
    assert listed.scopes == (Scope.READ, Scope.WRITE)
    accounts.revoke_token(ADMIN, new.token.id)
    with pytest.raises(AuthenticationError):
        accounts.by_token(new.secret)


def test_tokens_expire(accounts: Accounts) -> None:
    accounts.ensure_admin("a long password")
    new = accounts.create_token(ADMIN, "script", ["read"], expires_in_days=1)
    with accounts.engine.begin() as connection:
        connection.execute(update(account_token).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    with pytest.raises(AuthenticationError, match="expired"):
        accounts.by_token(new.secret)


def test_tokens_of_others_cannot_be_seen_or_revoked(accounts: Accounts) -> None:
    accounts.ensure_admin("a long password")
    accounts.add_user("ann", "a long password", Role.REVIEWER)
    new = accounts.create_token(ADMIN, "script", ["read"])
    ann = Principal.of("ann", Role.REVIEWER, via="session")
    with pytest.raises(NotFoundError):
        accounts.revoke_token(ann, new.token.id)
    assert accounts.tokens("ann") == []
    with pytest.raises(PermissionDeniedError):
        accounts.create_token(ann, "more", ["admin"])
    with pytest.raises(InputError):
        accounts.create_token(ann, "odd", ["everything"])


def test_removing_a_user_removes_tokens_and_sessions_but_not_the_audit_log(accounts: Accounts) -> None:
    accounts.ensure_admin("a long password")
    accounts.add_user("ann", "a long password", Role.REVIEWER)
    secret = accounts.create_token(Principal.of("ann", Role.REVIEWER, via="session"), "t", ["read"]).secret
    accounts.audit("ann", "judge", "x")
    accounts.remove_user("ann")
    with pytest.raises(AuthenticationError):
        accounts.by_token(secret)
    assert [(entry.user, entry.action, entry.subject) for entry in accounts.audit_log()] == [("ann", "judge", "x")]


class TestSessions:
    @pytest.fixture
    def sessions(self, accounts: Accounts) -> Sessions:
        accounts.ensure_admin("a long password")
        return Sessions(accounts.engine)

    def age(self, sessions: Sessions, **columns: timedelta) -> None:
        with sessions.engine.begin() as connection:
            connection.execute(
                update(account_session).values({name: datetime.now(UTC) - age for name, age in columns.items()})
            )

    def test_a_cookie_finds_its_user_until_the_session_ends(self, sessions: Sessions) -> None:
        cookie = sessions.start("admin")
        assert sessions.find(cookie).principal.name == "admin"
        assert sessions.find(cookie).new_cookie is None
        sessions.end(cookie)
        with pytest.raises(AuthenticationError):
            sessions.find(cookie)

    def test_a_cookie_is_replaced_while_it_is_used(self, sessions: Sessions) -> None:
        cookie = sessions.start("admin")
        self.age(sessions, rotated=timedelta(minutes=20))
        new = sessions.find(cookie).new_cookie
        assert new
        assert new != cookie
        assert sessions.find(cookie).principal.name == "admin", "requests under way are let in"
        assert sessions.find(new).new_cookie is None

    def test_a_replaced_cookie_that_comes_back_ends_the_session(self, sessions: Sessions) -> None:
        cookie = sessions.start("admin")
        self.age(sessions, rotated=timedelta(minutes=20))
        new = sessions.find(cookie).new_cookie or ""
        self.age(sessions, rotated=timedelta(minutes=5))
        for copied in (cookie, new):
            with pytest.raises(AuthenticationError):
                sessions.find(copied)

    @pytest.mark.parametrize("column", ["seen", "created"])
    def test_idle_and_old_sessions_end(self, sessions: Sessions, column: str) -> None:
        cookie = sessions.start("admin")
        self.age(sessions, **{column: timedelta(days=8)})
        with pytest.raises(AuthenticationError):
            sessions.find(cookie)
        sessions.start("admin")
        with sessions.engine.connect() as connection:
            hashes = connection.execute(select(account_session.c.hash)).scalars().all()
        assert hash_secret(cookie) not in hashes, "ended sessions are cleared away"


def test_many_processes_may_migrate_at_once(settings: Settings) -> None:
    engines = [open_engine(settings) for _ in range(4)]
    threads = [threading.Thread(target=migrate, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = Accounts(engines[0])
    assert opened.users() == []
    for engine in engines:
        engine.dispose()


class TestThrottle:
    def test_after_some_failures_each_try_waits_longer(self) -> None:
        now = 0.0
        throttle = Throttle(clock=lambda: now)
        waits = []
        for _ in range(12):
            try:
                throttle.check("ann")
            except TooManyAttemptsError as error:
                waits.append(error.retry_after)
                now += error.retry_after
            throttle.failed("ann")
        assert waits == [1, 2, 4, 8, 16, 32, 64]

    @pytest.mark.parametrize(("wait", "said"), [(0.2, "in 1 second."), (1.0, "in 1 second."), (1.3, "in 2 seconds.")])
    def test_the_time_to_wait_is_never_said_too_short(self, wait: float, said: str) -> None:
        assert TooManyAttemptsError(wait).message.endswith(said)

    def test_success_and_time_forgive(self) -> None:
        now = 0.0
        throttle = Throttle(clock=lambda: now)
        for _ in range(20):
            throttle.failed("ann", "bob")
        throttle.succeeded("ann")
        throttle.check("ann")
        with pytest.raises(TooManyAttemptsError):
            throttle.check("bob")
        now = 1000.0
        throttle.check("bob")

    def test_it_remembers_a_bounded_number_of_keys(self) -> None:
        throttle = Throttle()
        for number in range(30_000):
            throttle.failed(str(number))
        assert len(throttle._records) == 10_000
