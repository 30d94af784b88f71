"""Option types that connectors share."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["Patterns"]


def _patterns(value: Any) -> Any:
    """Forms and command lines give one text: patterns between commas or line ends."""
    if isinstance(value, str):
        return tuple(part.strip() for part in re.split(r"[,\n]", value) if part.strip())
    return value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_patterns)]
"""Name patterns with ``*`` and ``?``, as a list or as one text with commas between them."""
