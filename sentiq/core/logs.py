"""structlog for every process: one JSON object a line, or a readable line on a terminal. Texts are never logged."""

from __future__ import annotations

import logging
import os
import sys
import threading
from random import randrange
from types import TracebackType
from typing import TYPE_CHECKING, Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from sentiq.core.settings import Settings

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

log = structlog.get_logger(__name__)
_one_in = 1


def configure(settings: Settings) -> None:
    """Route structlog, the standard library's logging (Celery, gunicorn), warnings and uncaught errors to stderr."""
    global _one_in
    _one_in = settings.log_one_in
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)
        if is_for_people(settings)
        else structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[Processor] = (
        # Where rich is installed, its own choice is a traceback that shows local variables, and texts are in them.
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if is_for_people(settings)
        else [structlog.processors.format_exc_info, _in_order, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = _Lines()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = _unraisable


class _Lines(logging.Handler):
    """Writes each line to stderr by one system call, during which other threads can write theirs.

    The handler of the standard library holds a lock meanwhile: while 64 clients posted, threads waited for it eight
    times a request. Up to 4 kB, lines of several threads or processes do not mix even in a pipe.
    """

    def createLock(self) -> None:  # noqa: N802 -- the name of the standard library
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            while line:
                line = line[os.write(2, line) :]
        except Exception:  # noqa: BLE001 -- a line that cannot be written must not end what it tells of
            self.handleError(record)


def is_for_people(settings: Settings) -> bool:
    """Tell whether lines are formatted for people."""
    return settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())


def sampled(logger: FilteringBoundLogger, event: str, **fields: Any) -> None:
    """Log a frequent event: one of `log_one_in` at INFO, with that number; the others at DEBUG."""
    if _one_in == 1:
        logger.info(event, **fields)
    elif randrange(_one_in) == 0:
        logger.info(event, one_in=_one_in, **fields)
    else:
        logger.debug(event, **fields)


def _in_order(_: object, __: str, fields: EventDict) -> EventDict:
    """Put the fields that each line has first."""
    first = {name: fields.pop(name) for name in ("timestamp", "level", "logger", "event") if name in fields}
    return first | dict(fields)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is None or not issubclass(kind, Exception):
        sys.__excepthook__(kind, error or kind(), trace)  # Ctrl-C
    else:
        log.critical("ended by an error that nobody caught", exc_info=(kind, error, trace))


def _unraisable(args: UnraisableHookArgs) -> None:
    """Tell of an error in `__del__` and the like by the name of the code: what it worked on may hold a text."""
    code = getattr(args.object, "__qualname__", type(args.object).__qualname__)
    log.error("an error where none can be raised", code=code, exc_info=args.exc_value)
