"""Logging: event-like messages through one formatter, as JSON lines or text; never document content or tokens."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

HIDDEN = "[redacted]"
SECRETS = re.compile(
    r"""
      atr_[a-z]{3}_[A-Za-z0-9_-]+                                    # our tokens, wherever they are
    | (?<=\bBearer\ )[^\s"'\\,;)\]}]+ | (?<=\bBasic\ )[A-Za-z0-9+/=_-]{8,}
    | (?:(?<=[?&;]token=)|(?<=[?&;]ticket=)|(?<=[?&;]code=)|(?<=[?&;]state=))[^&\s"'\\#]+
    """,
    re.VERBOSE | re.IGNORECASE,
)
# The whole value, up to the quote or line in which it ends: schemes and several cookies have blanks in them.
HEADERS = re.compile(
    r"""(?i)(\b(?:proxy-)?authorization|\b(?:set-)?cookie)(["'\\\s]{0,4}[:=,]\s?b?["'\\]{0,2})([^"'\\\r\n]+)"""
)
STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}

_context: ContextVar[Mapping[str, object]] = ContextVar("log_context", default=MappingProxyType({}))


def bind(**fields: object) -> None:
    """Adds `fields` to every event that is logged from here on in this task, and in tasks that it starts."""
    _context.set({**_context.get(), **fields})


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """The same inside of the block only; what is bound in it ends with it too."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class Redactor:
    """Hides what must not be read in a log: tokens, credentials in headers and URLs, and the given secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = [form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])]

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return SECRETS.sub(HIDDEN, HEADERS.sub(rf"\1\2{HIDDEN}", text))


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, event, the fields of the context, and those given in `extra`."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        body = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            body["exception"] = self.formatException(record.exc_info)
        return self._redact(json.dumps(body, default=str))


class TextFormatter(logging.Formatter):
    """The same for people."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        line = f"{time} {record.levelname.lower():<7} {record.getMessage()} {fields}".rstrip()
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return self._redact(line)


def configure_logging(log_format: str, level: str, *, secrets: Iterable[str] = ()) -> None:
    """Sends everything but the `secrets` to standard error; standard output belongs to the command's own answer."""
    handler = logging.StreamHandler(sys.stderr)
    redact = Redactor(secrets)
    handler.setFormatter(JsonFormatter(redact) if log_format == "json" else TextFormatter(redact))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("uvicorn", "alembic", "httpx"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def _fields(record: logging.LogRecord) -> dict[str, object]:
    extra = {name: value for name, value in record.__dict__.items() if name not in STANDARD}
    return {**_context.get(), **extra}
