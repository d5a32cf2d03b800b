"""Reading tables of text: the attributes that take any text, and the independent parsers."""

import csv
import io
import json

csv.field_size_limit(1 << 28)

# Attributes of a contact that take any text and give it back as it is.
TEXTS = [
    "title",
    "department",
    "first_name",
    "middle_name",
    "linkedin_url",
    "x_url",
    "facebook_url",
    "zoominfo_url",
]


def attributes(columns: list[str]) -> dict[str, object]:
    """A mapping of columns, in order, to attributes of text; a contact needs a name as well."""
    assert len(columns) <= len(TEXTS), columns
    mapped: dict[str, object] = {"last_name": {"value": "x"}}
    for attribute, column in zip(TEXTS, columns, strict=False):
        mapped[attribute] = {"column": column, "optional": True}
    return mapped


def stored(
    records: list[dict[str, object]], columns: list[str]
) -> list[dict[str, object]]:
    """What records hold, under the names of the columns; what they lack is left out."""
    named = list(zip(TEXTS, columns, strict=False))
    return [
        {
            column: record[attribute]
            for attribute, column in named
            if record[attribute] is not None
        }
        for record in records
    ]


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    """The cells of CSV text, blank lines left out, by Python's parser."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [row for row in rows if row]


def rows(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of CSV text with a header; an empty or missing cell is absent."""
    header, *lines = table(text, delimiter) or [[]]
    return [
        {name: cell for name, cell in zip(header, line, strict=False) if cell}
        for line in lines
    ]


def strict_json(text: str) -> object:
    """JSON by Python's parser, without the words beyond the standard that it knows."""

    def refuse(word: str) -> object:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)
