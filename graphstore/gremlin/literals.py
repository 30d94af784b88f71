"""Values that strings and GraphSON spell as text: dates, durations, bytes."""

import base64
import re
from datetime import UTC, datetime, timedelta

__all__ = ["parse_binary", "parse_date", "parse_duration"]

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


def parse_binary(text: str) -> bytes:
    """Bytes in Base64, with or without the padding."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def parse_date(text: str) -> datetime:
    """An ISO-8601 date or date-time; without an offset it is UTC."""
    value = datetime.fromisoformat(text.replace("Z", "+00:00") if text.endswith("Z") else text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)
