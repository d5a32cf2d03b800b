"""Serves the Python package over the testee protocol (tests/cases/README.md).

One JSON request a line on stdin, one answer a line on stdout. With --async every call goes through
headwater.aio. The folder of the scripted connector is in HEADWATER_CONNECTOR_PATH.
"""

import asyncio
import json
import sys
from pathlib import Path

import headwater as hw
import headwater.aio

ACTIVITY = "activity"


class Request(dict):
    """A request; its shape is the surface's business, so it is looked at here."""

    def __missing__(self, name):
        raise hw.InvalidRequestError("it is missing", field=name)

    def text(self, name):
        """An argument that is text."""
        return self.of(str, name)

    def object(self, name):
        """An argument that is an object."""
        return self.of(dict, name)

    def of(self, kind, name):
        """An argument of a type."""
        if not isinstance(self[name], kind):
            raise hw.InvalidRequestError(f"found {self[name]!r}", field=name)
        return self[name]


class Testee:
    """Answers requests; what a verb does is the method of its name."""

    def __init__(self, calls):
        self.calls = calls
        self.workspace = None
        self.folder = Path()

    async def answer(self, request):
        """The answer to a request."""
        verb = getattr(self, f"do_{request['do']}", None)
        if verb is None:
            return {"unsupported": request["do"]}
        try:
            return {"ok": await verb(request)}
        except hw.HeadwaterError as error:
            return {"error": error_json(error)}

    async def do_begin(self, request):
        self.folder = Path(request["folder"])
        await self.open(str(self.folder / "crm.db"), True, request.get("workspace", {}))

    async def do_open(self, request):
        await self.open(request["workspace"], request.get("create", False), request)

    async def open(self, url, create, given):
        """Opens a workspace with the settings that are given."""
        await self.do_end({})
        history = {"on": True, "off": False, None: None}[given.get("history")]
        self.workspace = await self.calls.open(
            url, create=create, duplicates=given.get("duplicates"), history=history
        )

    async def do_end(self, request):
        if self.workspace is not None:
            await self.calls.call(self.workspace.close)
            self.workspace = None

    async def call(self, name, *arguments, **named):
        """A call of the workspace."""
        return await self.calls.call(getattr(self.workspace, name), *arguments, **named)

    async def do_declare(self, request):
        return await self.call("declare", request.object("body"))

    async def do_pipelines(self, request):
        return {"data": await self.call("pipelines")}

    async def do_snapshot(self, request):
        (self.folder / "snapshot.db").unlink(missing_ok=True)
        await self.call("snapshot", self.folder / "snapshot.db")

    async def do_reset(self, request):
        await self.call("reset", self.folder / "snapshot.db")

    async def do_seed(self, request):
        names = ("record_type", "attributes", "relationships")
        seeded = await self.call(
            "seed", [{n: request[n] for n in names if n in request}]
        )
        record = await self.call("get", request.text("record_type"), seeded[0].id)
        return {"data": record.to_wire()}

    async def do_create(self, request):
        if request.text("record_type") == ACTIVITY:
            return {
                "data": await self.call("log_activity", request.object("attributes"))
            }
        record = await self.call(
            "create", request.text("record_type"), request.object("attributes")
        )
        return {"data": record.to_wire()}

    async def do_get(self, request):
        record = await self.call("get", request.text("record_type"), request.text("id"))
        return {"data": record.to_wire()}

    async def do_patch(self, request):
        record = await self.call(
            "patch",
            request.text("record_type"),
            request.text("id"),
            request.object("attributes"),
        )
        return {"data": record.to_wire()}

    async def do_archive(self, request):
        await self.call("archive", request.text("record_type"), request.text("id"))

    async def do_restore(self, request):
        record = await self.call(
            "restore", request.text("record_type"), request.text("id")
        )
        return {"data": record.to_wire()}

    async def do_history(self, request):
        return await self.call(
            "history_page",
            request.text("record_type"),
            request.text("id"),
            paging(request),
        )

    async def do_assert(self, request):
        return await self.asserted("assert_", request)

    async def do_update(self, request):
        return await self.asserted("update", request)

    async def asserted(self, verb, request):
        """What `assert` and `update` give; `meta.action` knows no `unchanged`."""
        done = await self.call(
            verb,
            request.text("record_type"),
            request.object("match"),
            request.object("attributes"),
        )
        action = "updated" if done.action == "unchanged" else done.action
        return {
            "data": done.record.to_wire(),
            "id": done.id,
            "meta": {"action": action},
        }

    async def do_query(self, request):
        if request.text("record_type") == ACTIVITY:
            return await self.call("activities_page", request.object("body"))
        page = await self.call(
            "page", request.text("record_type"), request.object("body")
        )
        return {
            "data": [one.to_wire() for one in page],
            "next_cursor": page.next_cursor,
        }

    async def do_schema(self, request):
        return await self.call("schema", request.text("record_type"))

    async def do_add_item(self, request):
        action, item = await self.call(
            "add_item",
            request.text("record_type"),
            request.text("id"),
            request.text("attribute"),
            request.object("body"),
        )
        return {"data": item, "is_new": action == "created"}

    async def do_update_item(self, request):
        _, item = await self.call(
            "update_item",
            request.text("record_type"),
            request.text("id"),
            request.text("attribute"),
            request.text("item"),
            request.object("body"),
        )
        return {"data": item}

    async def do_remove_item(self, request):
        await self.call(
            "remove_item",
            request.text("record_type"),
            request.text("id"),
            request.text("attribute"),
            request.text("item"),
        )

    async def do_edges(self, request):
        return await self.call(
            "links_page",
            request.text("record_type"),
            request.text("id"),
            request.text("relationship"),
            paging(request),
        )

    async def do_add_edge(self, request):
        body = dict(request.object("body"))
        action, edge = await self.call(
            "link",
            request.text("record_type"),
            request.text("id"),
            request.text("relationship"),
            body.pop("related_record_id", None),
            match=body.pop("related_record_match", None),
            attributes=body,
        )
        return {**edge, "is_new": action == "created"}

    async def do_update_edge(self, request):
        _, edge = await self.call(
            "relink",
            request.text("record_type"),
            request.text("id"),
            request.text("relationship"),
            request.text("target"),
            request.object("body"),
        )
        return edge

    async def do_remove_edge(self, request):
        await self.call(
            "unlink",
            request.text("record_type"),
            request.text("id"),
            request.text("relationship"),
            request.text("target"),
        )

    async def do_apply(self, request):
        outcomes = await self.call(
            "apply",
            request["operations"],
            all_or_nothing=request.text("mode") == "all_or_nothing",
            records=request.get("records", True),
        )
        return {"outcomes": [outcome_json(outcome) for outcome in outcomes]}

    async def do_sync(self, request):
        # A file, so that relative paths are taken from the case's folder.
        path = self.folder / "job.toml"
        path.write_text(request.text("job"))
        report = await self.calls.sync(path, full=request.get("full", False))
        return report.to_dict()


class Sync:
    """Calls of the package as they are."""

    async def open(self, *arguments, **named):
        return hw.open(*arguments, **named)

    async def call(self, method, *arguments, **named):
        return method(*arguments, **named)

    async def sync(self, *arguments, **named):
        return hw.sync(*arguments, **named)


class Async:
    """Calls of headwater.aio."""

    async def open(self, *arguments, **named):
        return await headwater.aio.open(*arguments, **named)

    async def call(self, method, *arguments, **named):
        return await method(*arguments, **named)

    async def sync(self, *arguments, **named):
        return await headwater.aio.sync(*arguments, **named)


def paging(request):
    """The parameters of a page."""
    return {name: request[name] for name in ("limit", "cursor") if name in request}


def outcome_json(outcome):
    """An outcome of a batch as the protocol has it."""
    if outcome.error is not None:
        return {"error": error_json(outcome.error)}
    shown = {"action": outcome.action, "id": outcome.id}
    return (
        shown if outcome.record is None else {**shown, "data": outcome.record.to_wire()}
    )


def error_json(error):
    """An exception as the protocol has it."""
    retry = "backoff" if error.retryable else "never"
    if error.retry_after is not None:
        retry = {"after_seconds": error.retry_after}
    return {
        "code": error.code,
        "field": error.field,
        "message": error.message,
        "record": error.record,
        "hint": error.hint,
        "retry": retry,
        "details": {"errors": error.errors} if error.errors else None,
    }


async def main():
    """Answers until stdin ends."""
    testee = Testee(Async() if "--async" in sys.argv else Sync())
    for line in sys.stdin:
        print(json.dumps(await testee.answer(Request(json.loads(line)))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
