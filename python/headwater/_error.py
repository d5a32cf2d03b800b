"""The base of every exception of the package."""

from __future__ import annotations

from typing import Any, ClassVar


class HeadwaterError(Exception):
    """Something went wrong: one class for each error code, all of them below this one.

    Errors are data: read the attributes, never the text.

    >>> import headwater as hw
    >>> with hw.open_temporary() as ws:
    ...     ws.create("contact", {"first_name": "Sarah", "titel": "CTO"})
    Traceback (most recent call last):
    headwater.errors.UnknownFieldError: contact has no attribute "titel" (field titel)
    hint: did you mean "title"?
    """

    code: ClassVar[str] = "internal_error"
    """The code, the same in every language and over HTTP."""
    number: ClassVar[int] = 502
    """The code's number."""
    group: ClassVar[str] = "other"
    """What the error is about: record, query, request, source, store or other."""
    http_status: ClassVar[int] = 500
    """The HTTP status that carries the code."""

    _hint: ClassVar[str] = "report this as a bug, with the message"
    _retryable: ClassVar[bool] = False

    message: str
    """What was found and what was expected."""
    field: str | None
    """The attribute or configuration key at fault."""
    record: str | None
    """The record at fault: its id, its match key, or its place in the source."""
    retryable: bool
    """Whether the same call may succeed later, unchanged."""
    retry_after: float | None
    """The seconds to wait before that, where they are known."""
    hint: str
    """What to do about it."""
    errors: list[dict[str, Any]]
    """Every fault of a request, this one first, each with ``code``, ``field``, ``message``."""
    report: Any
    """What was done before: the report of the sync or of the rows; ``None`` for other calls."""

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        record: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        Exception.__init__(self, message)
        self.message = message
        self.field = field
        self.record = record
        self.retryable = self._retryable if retryable is None else retryable
        self.retry_after = retry_after
        self.hint = self._hint if hint is None else hint
        self.errors = [] if errors is None else errors
        self.report = None

    def __str__(self) -> str:
        places = [
            f"{name} {value}"
            for name, value in (("field", self.field), ("record", self.record))
            if value is not None
        ]
        place = f" ({', '.join(places)})" if places else ""
        return f"{self.message}{place}\nhint: {self.hint}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, field={self.field!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message), self.__dict__


# Shown and pickled as what everybody imports.
HeadwaterError.__module__ = "headwater.errors"


def _rebuild(cls: type[HeadwaterError], message: str) -> HeadwaterError:
    """An exception of this class again; what else it holds is set by pickle."""
    return cls(message)
