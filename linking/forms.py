"""Normal forms of values, as SQL for DuckDB, so that one rule profiles, joins and applies.

A *transform* is a chain of steps joined by ``" | "``, for example ``"split | strip_prefix:cust- | strip_zeros"``. The
base form (trimmed, case-folded, one space between words, ``12.0`` as ``12``) always comes first, and the empty chain
is the base form. Words that mean "nothing" (``None``, ``NULL``, ``n/a``) are NULL in every form.
"""

from bifrost.errors import InputError

__all__ = [
    "STEPS",
    "base_sql",
    "check_transform",
    "elements_sql",
    "forms_sql",
    "has_split",
    "literal",
    "said",
]

STEPS = {
    "split": "a list written as text gives its elements",
    "strip_zeros": "leading zeros are dropped",
    "strip_prefix": "a fixed beginning is dropped where it is there (strip_prefix:CUST-)",
    "strip_suffix": "a fixed ending is dropped where it is there (strip_suffix:/2024)",
    "alnum": "only letters and digits count",
    "digits": "only digits count",
    "strip_accents": "letters are compared without accents",
    "first_word": "only the first word counts",
    "address": "of ``Name <address>`` only the e-mail address counts",
}

_SAID = {
    "strip_zeros": "without leading zeros", "strip_prefix": "without {} at the beginning", "strip_suffix": "without {} at the end",
    "alnum": "by letters and digits alone", "digits": "by digits alone", "strip_accents": "without accents",
    "first_word": "by the first word alone", "address": "by the e-mail address alone",
}  # fmt: skip
_EMPTY = ("", "none", "null", "nan", "n/a", "<na>", "nat")
_SEPARATOR = " | "


def literal(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def base_sql(value: str) -> str:
    """The base form of an SQL text expression; NULL for words that mean nothing."""
    return _numbered(_folded(value))


def _folded(value: str) -> str:
    return f"trim(regexp_replace(lower(nfc_normalize({value})), '\\s+', ' ', 'g'))"


def _numbered(folded: str) -> str:
    number = f"regexp_replace({folded}, '^(-?\\d+)\\.0+$', '\\1')"
    nothing = ", ".join(map(literal, _EMPTY))
    return f"CASE WHEN {folded} IN ({nothing}) THEN NULL WHEN {folded} LIKE '%.0%' THEN {number} ELSE {folded} END"


def _steps(transform: str) -> list[tuple[str, str]]:
    steps = []
    for step in transform.split(_SEPARATOR) if transform.strip() else []:
        name, _, argument = step.partition(":")
        if name not in STEPS or (name.startswith(("strip_prefix", "strip_suffix")) and not argument):
            raise InputError(f"Unknown transformation {step!r}.", remedy=f"Use a chain of: {', '.join(sorted(STEPS))}.")
        steps.append((name, argument))
    return steps


def check_transform(transform: str) -> None:
    """Raises InputError for a chain that :func:`forms_sql` does not know."""
    _steps(transform)


def has_split(transform: str) -> bool:
    """Whether one value of the column gives several elements."""
    return any(name == "split" for name, _ in _steps(transform))


def said(transform: str) -> str:
    """In words how values are compared; empty where as they are (or element by element).

    >>> said("strip_prefix:CUST- | strip_zeros")
    'without CUST- at the beginning, without leading zeros'
    """
    return ", ".join(_SAID[name].format(argument) for name, argument in _steps(transform) if name in _SAID)


def forms_sql(query: str, transform: str = "") -> str:
    """A query ``_row, value``: the normal forms of a query's ``_row, raw``, where they are not NULL nor empty. ``split`` is left
    to :func:`elements_sql`.

    A SELECT for each step: as one expression, in which a step names what came before it two or three times, DuckDB would
    compute that as often.
    """
    sql = f"SELECT _row, {_folded('raw')} AS value FROM ({query})"
    sql = f"SELECT _row, {_numbered('value')} AS value FROM ({sql})"
    for name, argument in _steps(transform):
        if name != "split":
            sql = f"SELECT _row, {_step_sql(name, argument, 'value')} AS value FROM ({sql})"
    return f"SELECT _row, value FROM ({sql}) WHERE value <> ''"


def _step_sql(name: str, argument: str, sql: str) -> str:
    text = literal(argument.lower())
    match name:
        case "strip_zeros":
            return f"coalesce(nullif(ltrim({sql}, '0'), ''), left({sql}, 1))"
        case "strip_prefix":
            return f"(CASE WHEN starts_with({sql}, {text}) THEN substr({sql}, {len(argument) + 1}) ELSE {sql} END)"
        case "strip_suffix":
            cut = f"left({sql}, length({sql}) - {len(argument)})"
            return f"(CASE WHEN ends_with({sql}, {text}) THEN {cut} ELSE {sql} END)"
        case "alnum":
            return f"regexp_replace({sql}, '[^\\pL\\pN]', '', 'g')"
        case "digits":
            return f"regexp_replace({sql}, '\\D', '', 'g')"
        case "strip_accents":
            return f"strip_accents({sql})"
        case "first_word":
            return f"split_part({sql}, ' ', 1)"
        case "address":
            return f"coalesce(nullif(regexp_extract({sql}, '<\\s*([^<>\\s]+@[^<>\\s]+)\\s*>', 1), ''), {sql})"
        case _:
            return sql


def elements_sql(value: str) -> str:
    """The elements of a list written as text: ``['a', 'b']``, ``a; b``, ``a|b`` or ``a, b``, as an SQL list of texts."""
    inner = f"regexp_replace({value}, '^\\s*[\\[({{]|[\\])}}]\\s*$', '', 'g')"
    trimmed = "trim(regexp_replace(item, '^\\s*[\"'']|[\"'']\\s*$', '', 'g'))"
    return f"list_transform(regexp_split_to_array({inner}, '\\s*[,;|]\\s*'), lambda item: {trimmed})"
