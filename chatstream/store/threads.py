"""Blocking calls beside an event loop: in a thread, with their exceptions given back to the greenlet that asked."""

from collections.abc import Callable
from typing import Any

from gevent.threadpool import ThreadPool


def call(pool: ThreadPool, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a thread. Its exception comes back as a value: gevent prints one that ends a thread's job."""
    outcome = pool.apply(_caught, (function, *args))
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _caught(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001 – raised again by the greenlet that asked
        return error
