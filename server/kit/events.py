"""Events between features of one process: something happened, who cares?

`server/reactions.py` is the one page that says which handler follows which event.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
E = TypeVar("E")


class EventBus:
    """Calls every subscriber of an event's class, in the order they subscribed."""

    def __init__(self) -> None:
        self._handlers: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)

    def subscribe(self, event_type: type[E], handler: Callable[[E], None]) -> None:
        """`handler` must return quickly; it runs on the event loop."""
        self._handlers[event_type].append(handler)

    def publish(self, event: object) -> None:
        """Tells every subscriber; one that fails is logged and does not stop the others."""
        for handler in self._handlers[type(event)]:
            try:
                handler(event)
            except Exception:  # a supervised edge: one subscriber must not break the publisher
                logger.exception("event.handler_failed", extra={"event": type(event).__name__})
