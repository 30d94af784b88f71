"""Damaged files of a graph are refused with an error that says what to do, never with another one."""

import io
import zipfile
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bifrost.errors import InputError
from bifrost.values import LinkStatement, RecordFragments
from graphstore.export import Exporter
from graphstore.load import GraphLoading
from graphstore.sql import SqlStore
from tests.graphstore.worlds import Said, record_of, register, say

FORMATS = ("graphson", "graphml", "parquet", "neptune-csv", "opencypher-csv")
Damage = tuple[float, bytes, int]
"""Where (a share of the length), what is put there, and how many bytes it replaces."""
damages = st.tuples(
    st.floats(0, 1),
    st.one_of(
        st.binary(max_size=4),
        st.sampled_from([b'"', b"\n", b",", b"{", b"[]", b"null", b"@type", b"1e999", b"\x00", b"<", b"/>", b"&x;"]),
    ),
    st.integers(0, 6),
)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Format -> files of a small export: the archive, and what is in it."""
    store = SqlStore(f"sqlite:///{tmp_path_factory.mktemp('whole')}/store.sqlite")
    store.migrate()
    register(store, "a/x")
    said: list[dict[str, Said]] = [
        {"n": i, "f": i / 7, "ok": True, "s": ("p", f"q{i}"), "t": time(i), "d": date(2024, 1, 1)} for i in range(5)
    ]
    say(store, "a/x", *(record_of("a/x", str(i), one) for i, one in enumerate(said)))
    link = LinkStatement("l", "NEXT", "a/x/0", "a/x/1", {"since": (1999,)})
    say(store, "a/x", RecordFragments("links", b"1", (), (link,)))
    found: dict[str, dict[str, bytes]] = {}
    for format in FORMATS:
        made = Exporter(store, "https://graph.test/")(format)
        files = found[format] = {made.filename: b"".join(made.chunks)}
        if made.filename.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(files[made.filename])) as archive:
                files |= {name.replace("/", "-"): archive.read(name) for name in archive.namelist()}
    store.close()
    return found


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> SqlStore:
    """Never written to."""
    return SqlStore(f"sqlite:///{tmp_path_factory.mktemp('target')}/store.sqlite")


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 2), done=st.lists(damages, min_size=1, max_size=3))
def test_damage_is_an_input_error_or_harmless(
    exports: dict[str, dict[str, bytes]], target: SqlStore, tmp_path: Path, format: str, which: int, done: list[Damage]
) -> None:
    files = exports[format]
    name, content = list(files.items())[which % len(files)]
    for share, put, length in done:
        at = int(share * len(content))
        content = content[:at] + put + content[at + length :]
    file = tmp_path / name
    file.write_bytes(content)
    try:
        for part in GraphLoading(target, file).parts():
            assert all(element.id and element.label for element in part.elements)
    except InputError as error:
        assert error.remedy
