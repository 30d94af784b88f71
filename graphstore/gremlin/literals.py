"""Values that strings and GraphSON spell as text: dates, durations, bytes."""

import base64
import re
from datetime import UTC, datetime, timedelta

__all__ = ["duration_text", "milliseconds", "parse_binary", "parse_date", "parse_duration"]

_DURATION = re.compile(
    r"([-+]?)P(?=.)(?:([-+]?\d+)D)?(?:T(?=.)(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+(?:\.\d*)?)S)?)?", re.IGNORECASE
)


def parse_duration(text: str) -> timedelta:
    """An ISO-8601 duration of days, hours, minutes and seconds: ``PT5S``, ``P1DT12H``."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not an ISO-8601 duration such as PT5S: {text[:40]!r}")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups()[1:])
    found = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -found if match.group(1) == "-" else found


def duration_text(value: timedelta) -> str:
    """As Java writes it, to the microsecond: ``PT48H3.5S``; a negative one with its sign in front, which all read."""
    seconds, micros = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    exact = f"{seconds}.{micros:06}".rstrip("0") if micros else str(seconds)
    parts = [f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M")) if amount]
    if exact != "0" or not parts:
        parts.append(f"{exact}S")
    return f"{'-' if value < timedelta() else ''}PT{''.join(parts)}"


def milliseconds(value: datetime) -> int:
    """Since 1970, rounded down; without a zone it is UTC."""
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def parse_binary(text: str) -> bytes:
    """Bytes in Base64, with or without the padding."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def parse_date(text: str) -> datetime:
    """An ISO-8601 date or date-time; without an offset it is UTC."""
    value = datetime.fromisoformat(text.replace("Z", "+00:00") if text.endswith("Z") else text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)
