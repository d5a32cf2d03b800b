"""An exception class for each error code. Written by generate/errors.py: do not edit."""

from __future__ import annotations

from typing import ClassVar

from ._error import HeadwaterError

__all__ = [
    "BY_NUMBER",
    "AmbiguousMatchError",
    "CancelledError",
    "CheckpointInvalidError",
    "ConfigInvalidError",
    "ConnectorIncompatibleError",
    "ConnectorMisbehavedError",
    "ConnectorNotFoundError",
    "ConnectorPanickedError",
    "FieldNotCreatableError",
    "FieldNotUpdatableError",
    "FieldRequiredMissingError",
    "FieldValueInvalidError",
    "FilterDepthExceededError",
    "ForbiddenError",
    "HeadwaterError",
    "InternalError",
    "InvalidCursorError",
    "InvalidFilterFieldError",
    "InvalidFilterOperatorError",
    "InvalidFilterValueError",
    "InvalidMatchingFieldError",
    "InvalidRequestError",
    "OperationNotSupportedError",
    "OperationTimeoutError",
    "PayloadTooLargeError",
    "RateLimitedError",
    "RecordNotFoundError",
    "SortTooManyFieldsError",
    "SourceDataInvalidError",
    "SourceUnauthorizedError",
    "SourceUnavailableError",
    "StoreBusyError",
    "StoreCorruptError",
    "StoreFullError",
    "StoreIoError",
    "TargetRecordNotFoundError",
    "UnauthorizedError",
    "UnavailableError",
    "UniqueConflictError",
    "UnknownFieldError",
    "UnknownRecordTypeError",
    "UnknownRelationshipError",
    "UnsortableFieldError",
]


class UnknownRecordTypeError(HeadwaterError, LookupError):
    """``unknown_record_type``: list the record types with the schema command."""

    code: ClassVar[str] = "unknown_record_type"
    number: ClassVar[int] = 1
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 404
    _hint: ClassVar[str] = "list the record types with the schema command"


class UnknownFieldError(HeadwaterError, LookupError):
    """``unknown_field``: look at the record type's schema for the attribute's api name."""

    code: ClassVar[str] = "unknown_field"
    number: ClassVar[int] = 2
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "look at the record type's schema for the attribute's api name"


class FieldNotCreatableError(HeadwaterError, ValueError):
    """``field_not_creatable``: leave the read-only attribute out of a create."""

    code: ClassVar[str] = "field_not_creatable"
    number: ClassVar[int] = 3
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "leave the read-only attribute out of a create"


class FieldNotUpdatableError(HeadwaterError, ValueError):
    """``field_not_updatable``: leave the read-only attribute out of an update."""

    code: ClassVar[str] = "field_not_updatable"
    number: ClassVar[int] = 4
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "leave the read-only attribute out of an update"


class FieldRequiredMissingError(HeadwaterError, ValueError):
    """``field_required_missing``: give the required attribute a value."""

    code: ClassVar[str] = "field_required_missing"
    number: ClassVar[int] = 5
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "give the required attribute a value"


class FieldValueInvalidError(HeadwaterError, ValueError):
    """``field_value_invalid``: check the attribute's value type and how it is written."""

    code: ClassVar[str] = "field_value_invalid"
    number: ClassVar[int] = 6
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "check the attribute's value type and how it is written"


class RecordNotFoundError(HeadwaterError, LookupError):
    """``record_not_found``: look the record up again: it does not exist or is archived."""

    code: ClassVar[str] = "record_not_found"
    number: ClassVar[int] = 7
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 404
    _hint: ClassVar[str] = "look the record up again: it does not exist or is archived"


class AmbiguousMatchError(HeadwaterError, ValueError):
    """``ambiguous_match``: match by something more specific, or merge the duplicates."""

    code: ClassVar[str] = "ambiguous_match"
    number: ClassVar[int] = 8
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 409
    _hint: ClassVar[str] = "match by something more specific, or merge the duplicates"


class InvalidMatchingFieldError(HeadwaterError, ValueError):
    """``invalid_matching_field``: match by an attribute that the schema marks as unique."""

    code: ClassVar[str] = "invalid_matching_field"
    number: ClassVar[int] = 9
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "match by an attribute that the schema marks as unique"


class TargetRecordNotFoundError(HeadwaterError, LookupError):
    """``target_record_not_found``: create the referenced record first, or correct the reference."""

    code: ClassVar[str] = "target_record_not_found"
    number: ClassVar[int] = 10
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 404
    _hint: ClassVar[str] = "create the referenced record first, or correct the reference"


class UnknownRelationshipError(HeadwaterError, LookupError):
    """``unknown_relationship``: look at the record type's schema for its relationships."""

    code: ClassVar[str] = "unknown_relationship"
    number: ClassVar[int] = 11
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 404
    _hint: ClassVar[str] = "look at the record type's schema for its relationships"


class UniqueConflictError(HeadwaterError, ValueError):
    """``unique_conflict``: update the record that already holds the value."""

    code: ClassVar[str] = "unique_conflict"
    number: ClassVar[int] = 12
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 409
    _hint: ClassVar[str] = "update the record that already holds the value"


class OperationNotSupportedError(HeadwaterError, NotImplementedError):
    """``operation_not_supported``: use an operation that the record type supports."""

    code: ClassVar[str] = "operation_not_supported"
    number: ClassVar[int] = 13
    group: ClassVar[str] = "record"
    http_status: ClassVar[int] = 405
    _hint: ClassVar[str] = "use an operation that the record type supports"


class InvalidFilterFieldError(HeadwaterError, ValueError):
    """``invalid_filter_field``: filter by an attribute that the schema marks as filterable."""

    code: ClassVar[str] = "invalid_filter_field"
    number: ClassVar[int] = 101
    group: ClassVar[str] = "query"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "filter by an attribute that the schema marks as filterable"


class InvalidFilterOperatorError(HeadwaterError, ValueError):
    """``invalid_filter_operator``: use one of the attribute's filter operators in the schema."""

    code: ClassVar[str] = "invalid_filter_operator"
    number: ClassVar[int] = 102
    group: ClassVar[str] = "query"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "use one of the attribute's filter operators in the schema"


class InvalidFilterValueError(HeadwaterError, ValueError):
    """``invalid_filter_value``: give the filter a value of the attribute's type."""

    code: ClassVar[str] = "invalid_filter_value"
    number: ClassVar[int] = 103
    group: ClassVar[str] = "query"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "give the filter a value of the attribute's type"


class FilterDepthExceededError(HeadwaterError, ValueError):
    """``filter_depth_exceeded``: shorten the filter's path or its nesting."""

    code: ClassVar[str] = "filter_depth_exceeded"
    number: ClassVar[int] = 104
    group: ClassVar[str] = "query"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "shorten the filter's path or its nesting"


class SortTooManyFieldsError(HeadwaterError, ValueError):
    """``sort_too_many_fields``: sort by at most three attributes."""

    code: ClassVar[str] = "sort_too_many_fields"
    number: ClassVar[int] = 105
    group: ClassVar[str] = "query"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "sort by at most three attributes"


class UnsortableFieldError(HeadwaterError, ValueError):
    """``unsortable_field``: sort by an attribute that the schema marks as sortable."""

    code: ClassVar[str] = "unsortable_field"
    number: ClassVar[int] = 106
    group: ClassVar[str] = "query"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "sort by an attribute that the schema marks as sortable"


class InvalidCursorError(HeadwaterError, ValueError):
    """``invalid_cursor``: start again at the first page."""

    code: ClassVar[str] = "invalid_cursor"
    number: ClassVar[int] = 107
    group: ClassVar[str] = "query"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "start again at the first page"


class InvalidRequestError(HeadwaterError, ValueError):
    """``invalid_request``: correct the shape of the request."""

    code: ClassVar[str] = "invalid_request"
    number: ClassVar[int] = 201
    group: ClassVar[str] = "request"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "correct the shape of the request"


class ConfigInvalidError(HeadwaterError, ValueError):
    """``config_invalid``: correct the configuration at the place named."""

    code: ClassVar[str] = "config_invalid"
    number: ClassVar[int] = 202
    group: ClassVar[str] = "request"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "correct the configuration at the place named"


class UnauthorizedError(HeadwaterError, PermissionError):
    """``unauthorized``: give a valid, unexpired API key."""

    code: ClassVar[str] = "unauthorized"
    number: ClassVar[int] = 203
    group: ClassVar[str] = "request"
    http_status: ClassVar[int] = 401
    _hint: ClassVar[str] = "give a valid, unexpired API key"


class ForbiddenError(HeadwaterError, PermissionError):
    """``forbidden``: ask for the permission that is missing."""

    code: ClassVar[str] = "forbidden"
    number: ClassVar[int] = 204
    group: ClassVar[str] = "request"
    http_status: ClassVar[int] = 403
    _hint: ClassVar[str] = "ask for the permission that is missing"


class RateLimitedError(HeadwaterError, ConnectionError):
    """``rate_limited``: slow down and try again after the time given."""

    code: ClassVar[str] = "rate_limited"
    number: ClassVar[int] = 205
    group: ClassVar[str] = "request"
    http_status: ClassVar[int] = 429
    _hint: ClassVar[str] = "slow down and try again after the time given"
    _retryable: ClassVar[bool] = True


class PayloadTooLargeError(HeadwaterError, ValueError):
    """``payload_too_large``: send less at a time."""

    code: ClassVar[str] = "payload_too_large"
    number: ClassVar[int] = 206
    group: ClassVar[str] = "request"
    http_status: ClassVar[int] = 413
    _hint: ClassVar[str] = "send less at a time"


class ConnectorNotFoundError(HeadwaterError, LookupError):
    """``connector_not_found``: give the path of the connector library, or add its folder to HEADWATER_CONNECTOR_PATH."""

    code: ClassVar[str] = "connector_not_found"
    number: ClassVar[int] = 301
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 404
    _hint: ClassVar[str] = (
        "give the path of the connector library, or add its folder to HEADWATER_CONNECTOR_PATH"
    )


class ConnectorIncompatibleError(HeadwaterError, ImportError):
    """``connector_incompatible``: rebuild the connector against this version's header."""

    code: ClassVar[str] = "connector_incompatible"
    number: ClassVar[int] = 302
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 500
    _hint: ClassVar[str] = "rebuild the connector against this version's header"


class ConnectorMisbehavedError(HeadwaterError, RuntimeError):
    """``connector_misbehaved``: report a bug to the connector's authors."""

    code: ClassVar[str] = "connector_misbehaved"
    number: ClassVar[int] = 303
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 500
    _hint: ClassVar[str] = "report a bug to the connector's authors"


class ConnectorPanickedError(HeadwaterError, RuntimeError):
    """``connector_panicked``: report a bug to the connector's authors."""

    code: ClassVar[str] = "connector_panicked"
    number: ClassVar[int] = 304
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 500
    _hint: ClassVar[str] = "report a bug to the connector's authors"


class SourceUnauthorizedError(HeadwaterError, PermissionError):
    """``source_unauthorized``: check the credentials for the source system."""

    code: ClassVar[str] = "source_unauthorized"
    number: ClassVar[int] = 305
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 401
    _hint: ClassVar[str] = "check the credentials for the source system"


class SourceUnavailableError(HeadwaterError, ConnectionError):
    """``source_unavailable``: check that the source can be reached, then run again to resume."""

    code: ClassVar[str] = "source_unavailable"
    number: ClassVar[int] = 306
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 502
    _hint: ClassVar[str] = "check that the source can be reached, then run again to resume"
    _retryable: ClassVar[bool] = True


class SourceDataInvalidError(HeadwaterError, ValueError):
    """``source_data_invalid``: correct the source at the place named."""

    code: ClassVar[str] = "source_data_invalid"
    number: ClassVar[int] = 307
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 400
    _hint: ClassVar[str] = "correct the source at the place named"


class CheckpointInvalidError(HeadwaterError, ValueError):
    """``checkpoint_invalid``: start over with a full run: --full, in Python full=True, in C HEADWATER_SYNC_FULL."""

    code: ClassVar[str] = "checkpoint_invalid"
    number: ClassVar[int] = 308
    group: ClassVar[str] = "source"
    http_status: ClassVar[int] = 409
    _hint: ClassVar[str] = (
        "start over with a full run: --full, in Python full=True, in C HEADWATER_SYNC_FULL"
    )


class UnavailableError(HeadwaterError, ConnectionError):
    """``unavailable``: try again later."""

    code: ClassVar[str] = "unavailable"
    number: ClassVar[int] = 401
    group: ClassVar[str] = "store"
    http_status: ClassVar[int] = 503
    _hint: ClassVar[str] = "try again later"
    _retryable: ClassVar[bool] = True


class OperationTimeoutError(HeadwaterError, TimeoutError):
    """``timeout``: try again, or allow more time."""

    code: ClassVar[str] = "timeout"
    number: ClassVar[int] = 402
    group: ClassVar[str] = "store"
    http_status: ClassVar[int] = 504
    _hint: ClassVar[str] = "try again, or allow more time"
    _retryable: ClassVar[bool] = True


class StoreBusyError(HeadwaterError, OSError):
    """``store_busy``: another process is writing the workspace: try again when it is done."""

    code: ClassVar[str] = "store_busy"
    number: ClassVar[int] = 403
    group: ClassVar[str] = "store"
    http_status: ClassVar[int] = 503
    _hint: ClassVar[str] = "another process is writing the workspace: try again when it is done"
    _retryable: ClassVar[bool] = True


class StoreFullError(HeadwaterError, OSError):
    """``store_full``: free some disk space, then run again to resume."""

    code: ClassVar[str] = "store_full"
    number: ClassVar[int] = 404
    group: ClassVar[str] = "store"
    http_status: ClassVar[int] = 507
    _hint: ClassVar[str] = "free some disk space, then run again to resume"


class StoreCorruptError(HeadwaterError, OSError):
    """``store_corrupt``: restore the workspace from a backup."""

    code: ClassVar[str] = "store_corrupt"
    number: ClassVar[int] = 405
    group: ClassVar[str] = "store"
    http_status: ClassVar[int] = 500
    _hint: ClassVar[str] = "restore the workspace from a backup"


class StoreIoError(HeadwaterError, OSError):
    """``store_io``: check the workspace's path, its permissions and the disk."""

    code: ClassVar[str] = "store_io"
    number: ClassVar[int] = 406
    group: ClassVar[str] = "store"
    http_status: ClassVar[int] = 500
    _hint: ClassVar[str] = "check the workspace's path, its permissions and the disk"


class CancelledError(HeadwaterError, RuntimeError):
    """``cancelled``: run again to resume."""

    code: ClassVar[str] = "cancelled"
    number: ClassVar[int] = 501
    group: ClassVar[str] = "other"
    http_status: ClassVar[int] = 499
    _hint: ClassVar[str] = "run again to resume"


class InternalError(HeadwaterError, RuntimeError):
    """``internal_error``: report this as a bug, with the message."""

    code: ClassVar[str] = "internal_error"
    number: ClassVar[int] = 502
    group: ClassVar[str] = "other"
    http_status: ClassVar[int] = 500
    _hint: ClassVar[str] = "report this as a bug, with the message"


BY_NUMBER = {cls.number: cls for cls in HeadwaterError.__subclasses__()}
"""The class of each code, by the code's number."""
