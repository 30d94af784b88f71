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
