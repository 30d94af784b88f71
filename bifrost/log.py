"""Structured logs (structlog) that never carry a secret.

Values under names that sound secret are masked, and so are passwords inside URLs wherever they occur.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from pydantic import SecretStr

from bifrost.settings import Settings

__all__ = ["configure_logging", "mask", "mask_text"]

_SECRET_NAME = re.compile(r"pass(word|wd)?$|secret|token|api_?key|authorization|cookie|credential", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,200}:)[^\s@]{1,500}@", re.IGNORECASE)
_MASK = "********"


def mask_text(text: str) -> str:
    """Masks the password of every URL inside a text."""
    return _URL_PASSWORD.sub(rf"\g<head>{_MASK}@", text)


def mask(value: Any, name: str = "") -> Any:
    """A copy of a log value without secrets."""
    if isinstance(value, SecretStr) or (value and _SECRET_NAME.search(name)):
        return _MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: mask(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item, name) for item in value]
    return value


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = mask(value, name)
    return event


def configure_logging(settings: Settings) -> None:
    """Sends all logs to standard error, as JSON or for a person."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback  # the default one prints local variables, secrets included
        )
    )
    level = getattr(logging, settings.log_level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, _mask_event, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # the stream of the moment: it may be redirected
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[_drop_internal, _mask_event, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    # The driver raises every refusal and logs it with the server's stack trace too, those that publishing asks for included.
    logging.getLogger("gremlinpython").setLevel(logging.CRITICAL)


def _drop_internal(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
