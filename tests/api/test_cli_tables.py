"""Tables on narrow terminals."""

from io import StringIO

from rich.console import Console

from api.cli.output import Context
from bifrost.settings import load_settings


def test_ids_stay_in_one_piece_however_narrow_the_terminal_is() -> None:
    written = StringIO()
    context = Context(load_settings(), False, Console(file=written, width=40))
    ids = ["0123456789ab", "fedcba987654"]
    texts = ["a question about two columns that is longer than the terminal is wide"] * 2
    context.table(ids, {"id": ids, "question": texts}, "nothing")
    said = written.getvalue().splitlines()
    assert [line[:12] for line in said if line[:12].strip() and line[:2] != "id"] == ids
    assert all(len(line) <= 40 for line in said)


def test_a_long_column_stands_below_where_the_terminal_is_too_narrow() -> None:
    columns: dict[str, list[object]] = {
        "id": ["0123456789ab", "1"],
        "link": ["a -[of]-> " + "b" * 60, "c"],
        "edges": [7, 1234],
    }

    def printed(width: int) -> list[str]:
        written = StringIO()
        context = Context(load_settings(), False, Console(file=written, width=width))
        context.table([1, 2], columns, "nothing", below="link")
        return [line.rstrip() for line in written.getvalue().splitlines()]

    assert printed(80) == [
        "id            edges",
        "0123456789ab  7",
        "    a -[of]-> " + "b" * 60,
        "1             1234",
        "    c",
    ]
    assert printed(91)[1].split() == ["0123456789ab", "a", "-[of]->", "b" * 60, "7"]
