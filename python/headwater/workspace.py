"""Workspaces: records, and everything that can be done with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, final

from . import _headwater
from .bulk import BulkReport, Nulls, Rows, apply_many
from .errors import InvalidRequestError
from .filters import Where
from .journal import Rejects, Run
from .queries import Page, Query, Sort, all_pages, check_limit, read_page
from .records import Asserted, Attributes, Id, Outcome, Record

if TYPE_CHECKING:
    from .opening import TemporaryFolder


@final
class Workspace:
    """An open workspace. Threads may share it; a forked process has to open its own.

    Made by :func:`headwater.open`. Closes itself at the end of a ``with`` block.

    >>> import headwater as hw
    >>> with hw.open_temporary() as ws:
    ...     sarah = ws.create("contact", {"first_name": "Sarah", "title": "CEO"})
    ...     ws.patch("contact", sarah.id, {"title": "CTO"})["title"]
    'CTO'
    """

    __slots__ = ("__weakref__", "_folder", "_handle", "_url")

    def __init__(
        self,
        handle: _headwater.Handle,
        url: str,
        folder: TemporaryFolder | None = None,
    ) -> None:
        self._handle = handle
        self._url = url
        self._folder = folder

    @property
    def url(self) -> str:
        """Where it was opened."""
        return self._url

    @property
    def record_types(self) -> list[str]:
        """The names of its record types."""
        return _headwater.record_types(self._handle)

    # Records

    def create(self, record_type: str, attributes: Attributes) -> Record:
        """Makes a record and gives it."""
        return Record(_headwater.create(self._handle, record_type, attributes))

    def get(self, record_type: str, id: Id) -> Record:
        """Reads a record.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     ws.get("contact", "01a20a46-feca-7654-a24f-4ce742e8730e")
        Traceback (most recent call last):
        headwater.errors.RecordNotFoundError: ...
        """
        return Record(_headwater.get(self._handle, record_type, id))

    def patch(self, record_type: str, id: Id, attributes: Attributes) -> Record:
        """Changes the attributes that are given and gives the record; ``None`` clears one."""
        return Record(_headwater.patch(self._handle, record_type, id, attributes))

    def archive(self, record_type: str, id: Id) -> None:
        """Hides a record from reads, queries and matches."""
        _headwater.archive(self._handle, record_type, id)

    def restore(self, record_type: str, id: Id) -> Record:
        """Brings an archived record back."""
        return Record(_headwater.restore(self._handle, record_type, id))

    def assert_(
        self, record_type: str, match: Mapping[str, Any], attributes: Attributes
    ) -> Asserted:
        """Updates the one record that matches, or makes it.

        ``match`` has one key, an attribute that the schema marks as unique.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     for _ in range(2):
        ...         ws.assert_("account", {"domain_name": "acme.com"}, {"name": "Acme"}).action
        'created'
        'unchanged'
        """
        record, action = _headwater.assert_(self._handle, record_type, match, attributes)
        return Asserted(Record(record), action)

    def update(
        self, record_type: str, match: Mapping[str, Any], attributes: Attributes
    ) -> Asserted:
        """As :meth:`assert_`, but a record that is not there is an error."""
        record, action = _headwater.update(self._handle, record_type, match, attributes)
        return Asserted(Record(record), action)

    def apply(
        self,
        operations: Iterable[Mapping[str, Any]],
        *,
        all_or_nothing: bool = False,
        records: bool = True,
    ) -> list[Outcome]:
        """Applies operations in one transaction, in order; each sees those before it.

        An operation has ``do`` (``create``, ``patch``, ``assert``, ``update``, ``archive``,
        ``restore``, ``add_item``, ``update_item``, ``remove_item``, ``add_edge``, ``update_edge``,
        ``remove_edge``), ``record_type``, and what that takes: ``id``, ``match``, ``attributes``.
        What one refusal means for the others is said by ``all_or_nothing``.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     ws.apply([
        ...         {"do": "create", "record_type": "contact", "attributes": {"first_name": "A"}},
        ...         {"do": "create", "record_type": "contact", "attributes": {"shoe": 38}},
        ...     ])[1].error.code
        'unknown_field'
        """
        applied = _headwater.apply(self._handle, operations, all_or_nothing, records)
        return [
            Outcome(error=parts[0])
            if len(parts) == 1
            else Outcome(parts[0], parts[1], None if parts[2] is None else Record(parts[2]))
            for parts in applied
        ]

    # Rows in bulk

    def assert_many(
        self,
        record_type: str,
        rows: Rows,
        *,
        match: str,
        nulls: Nulls = "clear",
        nulls_of: Mapping[str, Nulls] | None = None,
        columns: Mapping[str, str] | None = None,
        ignore_unknown: bool = False,
        default_region: str | None = None,
        all_or_nothing: bool = False,
    ) -> BulkReport:
        """Updates or makes a record for each row: of a frame, of Arrow data, or of mappings.

        ``match`` is the column that finds a record. Columns go to the attributes of their names;
        ``columns`` names the attributes of others, ``ignore_unknown`` leaves those out that name
        none; a frame is refused for such a column, of mappings only the row that has one. Several
        frames or batches are taken one after the other. A null (``None``, NaN, NaT, NA) clears its
        attribute, or keeps it, as ``nulls`` and for single columns ``nulls_of`` say; a key that a
        mapping does not have leaves it alone.
        Large inputs are committed many rows at a time, each on its own, or with
        ``all_or_nothing`` in one transaction.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     rows = [{"E-Mail": "sarah@acme.com", "title": "CTO", "department": None}]
        ...     ws.assert_many("contact", rows, match="email", columns={"E-Mail": "email"})
        <1 read, 1 created>
        """
        return apply_many(
            self._handle,
            record_type,
            rows,
            "assert",
            match,
            nulls=nulls,
            nulls_of=nulls_of,
            columns=columns,
            ignore_unknown=ignore_unknown,
            default_region=default_region,
            all_or_nothing=all_or_nothing,
        )

    def create_many(
        self,
        record_type: str,
        rows: Rows,
        *,
        nulls: Nulls = "clear",
        nulls_of: Mapping[str, Nulls] | None = None,
        columns: Mapping[str, str] | None = None,
        ignore_unknown: bool = False,
        default_region: str | None = None,
        all_or_nothing: bool = False,
    ) -> BulkReport:
        """Makes a record for each row; see :meth:`assert_many`."""
        return apply_many(
            self._handle,
            record_type,
            rows,
            "create",
            None,
            nulls=nulls,
            nulls_of=nulls_of,
            columns=columns,
            ignore_unknown=ignore_unknown,
            default_region=default_region,
            all_or_nothing=all_or_nothing,
        )

    def update_many(
        self,
        record_type: str,
        rows: Rows,
        *,
        match: str,
        nulls: Nulls = "clear",
        nulls_of: Mapping[str, Nulls] | None = None,
        columns: Mapping[str, str] | None = None,
        ignore_unknown: bool = False,
        default_region: str | None = None,
        all_or_nothing: bool = False,
    ) -> BulkReport:
        """As :meth:`assert_many`, but a row that finds no record is refused."""
        return apply_many(
            self._handle,
            record_type,
            rows,
            "update",
            match,
            nulls=nulls,
            nulls_of=nulls_of,
            columns=columns,
            ignore_unknown=ignore_unknown,
            default_region=default_region,
            all_or_nothing=all_or_nothing,
        )

    # Queries

    def query(
        self,
        record_type: str,
        where: Where = None,
        *,
        sort: Sort = None,
        limit: int | None = None,
    ) -> Query:
        """The records that fulfil ``where``, in the order of ``sort``; read as they are asked for.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     _ = ws.create("contact", {"first_name": "Sarah", "title": "CEO"})
        ...     query = ws.query("contact", hw.field("title") == "CEO", sort="-updated_at")
        ...     [record["first_name"] for record in query]
        ['Sarah']
        """
        return Query(self._handle, record_type, where, sort, limit)

    def page(self, record_type: str, body: Mapping[str, Any]) -> Page:
        """One page of a query in the API's words: ``filters``, ``sort``, ``limit``, ``cursor``."""
        return read_page(self._handle, record_type, body)

    # Items of arrays

    def add_item(
        self, record_type: str, id: Id, attribute: str, item: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Adds an e-mail, a phone number or a domain; gives what became of it, and the item.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     sarah = ws.create("contact", {"primary_email": "sarah@acme.com"})
        ...     action, item = ws.add_item(
        ...         "contact", sarah, "contact_emails",
        ...         {"email": "sarah@home.example", "is_primary": False},
        ...     )
        ...     action, item["envelope"]["email"]
        ('created', 'sarah@home.example')
        """
        return _headwater.add_item(self._handle, record_type, id, attribute, item)

    def update_item(
        self, record_type: str, id: Id, attribute: str, item: str, changes: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Changes what is given of an item, which is named by its id, or a domain by itself."""
        return _headwater.update_item(self._handle, record_type, id, attribute, item, changes)

    def remove_item(self, record_type: str, id: Id, attribute: str, item: str) -> None:
        """Takes an item away; where it was primary, the first of the others is from then on."""
        _headwater.remove_item(self._handle, record_type, id, attribute, item)

    # Relationships

    def link(
        self,
        record_type: str,
        id: Id,
        relationship: str,
        target: Id | None = None,
        attributes: Attributes | None = None,
        *,
        match: Mapping[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any]]:
        """Links a record to ``target``, or to the one that ``match`` finds.

        A link that is there already is made what is given.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     sarah = ws.create("contact", {"first_name": "Sarah"})
        ...     acme = ws.create("account", {"name": "Acme", "domains": ["acme.com"]})
        ...     action, link = ws.link("contact", sarah, "accounts", acme, {"role": "CEO"})
        ...     action, [item["related_record_id"] for item in ws.links("account", acme, "contacts")] == [sarah.id]
        ('created', True)
        """
        body = dict(attributes or {})
        if target is not None:
            body["related_record_id"] = target
        if match is not None:
            body["related_record_match"] = match
        return _headwater.add_edge(self._handle, record_type, id, relationship, body)

    def relink(
        self, record_type: str, id: Id, relationship: str, target: Id, attributes: Attributes
    ) -> tuple[str, dict[str, Any]]:
        """Changes what is given of a link."""
        return _headwater.update_edge(
            self._handle, record_type, id, relationship, target, attributes
        )

    def unlink(self, record_type: str, id: Id, relationship: str, target: Id) -> None:
        """Takes the link between two records away."""
        _headwater.remove_edge(self._handle, record_type, id, relationship, target)

    def links(self, record_type: str, id: Id, relationship: str) -> Iterator[dict[str, Any]]:
        """The links of a record, in the order in which the records that they lead to were made."""

        def read(parameters: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
            page = self.links_page(record_type, id, relationship, parameters)
            return page["items"], page["next_cursor"]

        return all_pages(read)

    def links_page(
        self, record_type: str, id: Id, relationship: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One page of the links of a record in the API's words: ``limit``, ``cursor``."""
        return _headwater.edges(self._handle, record_type, id, relationship, parameters)

    # Activities

    def log_activity(self, attributes: Attributes) -> dict[str, Any]:
        """Logs an activity and gives it as the API shows it.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     sarah = ws.create("contact", {"first_name": "Sarah"})
        ...     call = {"activity_time": "2026-06-01T09:00:00Z", "subject": "Call", "description": "-"}
        ...     _ = ws.log_activity({"metadata": call, "contact_ids": [sarah.id]})
        ...     [one["metadata"]["subject"] for one in ws.activities(contact_id=sarah)]
        ['Call']
        """
        return _headwater.log_activity(self._handle, attributes)

    def activities(
        self,
        *,
        contact_id: Id | None = None,
        account_id: Id | None = None,
        opportunity_id: Id | None = None,
        created_from: Any = None,
        created_to: Any = None,
    ) -> Iterator[dict[str, Any]]:
        """The activities of a contact, an account or an opportunity, newest first."""
        scope = {
            "contact_id": contact_id,
            "account_id": account_id,
            "opportunity_id": opportunity_id,
            "created_from": created_from,
            "created_to": created_to,
        }

        def read(parameters: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
            page = self.activities_page({**scope, **parameters})
            return page["data"], page["next_cursor"]

        return all_pages(read)

    def activities_page(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """One page of activities in the API's words."""
        return _headwater.activities(self._handle, body)

    # What happened

    def history(self, record_type: str, id: Id) -> Iterator[dict[str, Any]]:
        """The changes of a record, archived or not, the latest first.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     sarah = ws.create("contact", {"first_name": "Sarah"})
        ...     _ = ws.patch("contact", sarah, {"title": "CTO"})
        ...     [change["operation"] for change in ws.history("contact", sarah)]
        ['patch', 'create']
        """

        def read(parameters: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
            page = self.history_page(record_type, id, parameters)
            return page["data"], page["next_cursor"]

        return all_pages(read)

    def history_page(
        self, record_type: str, id: Id, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One page of the changes of a record in the API's words: ``limit``, ``cursor``."""
        return _headwater.history(self._handle, record_type, id, parameters)

    def runs(self, limit: int = 20) -> list[Run]:
        """The latest runs of syncs, newest first."""
        return [Run(document) for document in _headwater.runs(self._handle, check_limit(limit))]

    def rejects(self, *, run: str | None = None, code: str | None = None) -> Rejects:
        """The rows that syncs refused: of one run, or with one code, where these are given."""
        return Rejects(_headwater.rejects(self._handle, run, code), of_runs=True)

    # The schema, and states

    def schema(self, record_type: str) -> dict[str, Any]:
        """The schema document of a record type, its attributes and relationships, or of a junction.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     names = [one["api_name"] for one in ws.schema("contact")["attributes"]]
        >>> "primary_email" in names
        True
        """
        return _headwater.schema(self._handle, record_type)

    def declare(self, declarations: str | Mapping[str, Any]) -> dict[str, list[str]]:
        """Adds custom objects and fields: the text of a schema file, or the same as a mapping.

        >>> import headwater as hw
        >>> shoe_size = {"api_name": "shoe_size", "display_name": "Size", "value_type": "number"}
        >>> with hw.open_temporary() as ws:
        ...     ws.declare({"custom_fields": [{"record_type": "contact", "attributes": [shoe_size]}]})
        {'added': ['contact.shoe_size'], 'changed': []}
        """
        return _headwater.declare(self._handle, declarations)

    def pipelines(self) -> list[dict[str, Any]]:
        """The pipelines of opportunities with their stages."""
        return _headwater.pipelines(self._handle)

    def seed(self, records: Iterable[Mapping[str, Any]]) -> list[Outcome]:
        """Puts records into the workspace, all or none, also of types that the API only reads.

        Each has ``record_type`` and ``attributes``, and may have ``relationships``.

        >>> import headwater as hw
        >>> with hw.open_temporary() as ws:
        ...     owner = {"record_type": "user", "attributes": {"email": "owner@acme.com"}}
        ...     ws.seed([owner])[0].action
        'created'
        """
        lines = "\n".join(_headwater.json_line(record, "a record") for record in records)
        return [Outcome(action, id) for action, id in _headwater.seed(self._handle, lines)]

    def snapshot(self, path: str | PathLike[str]) -> None:
        """Writes a copy of the present state to a file that is not there yet."""
        _headwater.snapshot(self._handle, fspath(path))

    def reset(self, path: str | PathLike[str]) -> None:
        """Goes back to the state that a copy holds, in one transaction."""
        _headwater.reset(self._handle, fspath(path))

    def close(self) -> None:
        """Closes the workspace; doing so twice is no mistake."""
        self._handle.close()
        if self._folder is not None:
            self._folder.remove()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.is_closed

    def __enter__(self) -> Workspace:
        if self.is_closed:
            raise InvalidRequestError("the workspace is closed", hint="open it again")
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{'closed ' if self.is_closed else ''}workspace {self._url}>"
