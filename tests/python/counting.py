"""Connectors in Python for the tests, which jobs name `python:counting:..`."""

import headwater as hw
import pyarrow

SCHEMA = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "fail_at": {"type": ["integer", "null"]},
    },
    "required": ["count"],
    "additionalProperties": False,
}


def row(number):
    """A contact."""
    return {"first_name": f"P{number}", "primary_email": f"p{number}@acme.example"}


class Numbers(hw.Connector):
    """Rows with a checkpoint after each third."""

    version = "1.2.3"
    config_schema = SCHEMA

    def streams(self):
        return [hw.Stream("rows", ["first_name", "primary_email"])]

    def read(self, stream, checkpoint):
        for number in range(checkpoint or 0, self.config["count"]):
            if number == self.config.get("fail_at"):
                raise KeyError("gone")
            yield row(number)
            if number % 3 == 2:
                yield hw.Checkpoint(number + 1)


class Plain(Numbers):
    """Rows without checkpoints, in lists, of which nothing is said beforehand."""

    def streams(self):
        return hw.Connector.streams(self)

    def read(self, stream, checkpoint):
        assert checkpoint is None
        for first in range(0, self.config["count"], 7):
            yield [
                row(number)
                for number in range(first, min(first + 7, self.config["count"]))
            ]


class Columns(Numbers):
    """Arrow data."""

    def streams(self):
        return [
            hw.Stream(
                "people", ["first_name", "primary_email"], fields_are_complete=True
            )
        ]

    def read(self, stream, checkpoint):
        assert stream == "people"
        for first in range(checkpoint or 0, self.config["count"], 50):
            last = min(first + 50, self.config["count"])
            yield pyarrow.Table.from_pylist(
                [row(number) for number in range(first, last)]
            )
            yield hw.Checkpoint(last)


class Endless(hw.Connector):
    """Rows without an end."""

    def streams(self):
        return [hw.Stream("rows", ["first_name", "primary_email"])]

    def read(self, stream, checkpoint):
        number = checkpoint or 0
        while True:
            yield row(number)
            number += 1
            yield hw.Checkpoint(number)


class Unreachable(hw.Connector):
    """A source that is not there."""

    def streams(self):
        raise hw.SourceUnavailableError("the network is gone", retry_after=3)

    def read(self, stream, checkpoint):
        raise AssertionError
