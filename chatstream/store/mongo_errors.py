"""pymongo's exceptions as ours."""

import contextlib
from collections.abc import Iterator

from bson.errors import InvalidDocument
from pymongo.errors import BulkWriteError, ConnectionFailure, ExecutionTimeout, PyMongoError

from chatstream.errors import ChatStreamError, StoreError, StoreUnavailable, TooLarge

_LARGER = "This is larger than the database takes in one piece (16 MiB)."
_TOO_LARGE = 10334
_MAJORITY_LOST = (64, 91, 11600, 11602)  # write concern timed out; shutting down; interrupted


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """:raises StoreError, TooLarge: for what pymongo raises within"""
    try:
        yield
    except InvalidDocument as error:  # raised before anything is sent, and no PyMongoError
        raise TooLarge(_LARGER) from error
    except PyMongoError as error:
        raise _ours(error) from error


def _ours(error: PyMongoError) -> ChatStreamError:
    code = getattr(error, "code", None)
    if code == _TOO_LARGE:  # what is inserted beside others is looked at by the server alone
        return TooLarge(_LARGER)
    away = isinstance(error, ConnectionFailure | ExecutionTimeout) or error.timeout or code in _MAJORITY_LOST
    if away or (isinstance(error, BulkWriteError) and error.details.get("writeConcernErrors")):
        return StoreUnavailable("The database cannot be reached now. Try again in a moment.")
    return StoreError(f"The database refused: {error}.")
