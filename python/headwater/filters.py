"""Filters of queries, written as Python expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Where: TypeAlias = "Filter | Mapping[str, Any] | Iterable[Filter | Mapping[str, Any]] | None"
"""What a query takes as ``where``: a filter, one in the API's words, or several that all hold."""


class Filter:
    """A condition on records: made with :func:`field`, joined with ``&``, ``|`` and ``~``.

    >>> import headwater as hw
    >>> (hw.field("title") == "CTO") & ~hw.field("department").exists()
    Filter({'and': [{'field': 'title', 'operator': 'eq', 'value': 'CTO'}, \
{'not': {'field': 'department', 'operator': 'exists'}}]})
    """

    __slots__ = ("_node",)

    def __init__(self, node: Mapping[str, Any]) -> None:
        self._node = dict(node)

    def to_wire(self) -> dict[str, Any]:
        """The filter in the words of the API."""
        return self._node

    def __and__(self, other: Filter) -> Filter:
        return self._join("and", other)

    def __or__(self, other: Filter) -> Filter:
        return self._join("or", other)

    def __invert__(self) -> Filter:
        return Filter({"not": self._node})

    def __bool__(self) -> bool:
        raise TypeError("join filters with & | ~ and parentheses, not with and, or, not")

    def __repr__(self) -> str:
        return f"Filter({self._node!r})"

    def _join(self, word: str, other: Filter) -> Filter:
        if not isinstance(other, Filter):
            return NotImplemented
        nodes: list[Any] = []
        for node in (self._node, other._node):
            # a & b & c is one list.
            nodes.extend(node[word] if set(node) == {word} else [node])
        return Filter({word: nodes})


class Field:
    """An attribute that a filter looks at; compare it to get a :class:`Filter`.

    A path leads through relationships: ``field("accounts.domains")``.

    >>> import headwater as hw
    >>> hw.field("updated_at") >= "2026-01-01"
    Filter({'field': 'updated_at', 'operator': 'gte', 'value': '2026-01-01'})
    >>> hw.field("title").is_in(["CEO", "CTO"])
    Filter({'field': 'title', 'operator': 'in', 'value': ['CEO', 'CTO']})
    """

    __slots__ = ("_name",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"expected the name of a field (str), found {type(name).__name__}")
        self._name = name

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} is no condition: compare it, or ask whether it .exists()")

    def _is(self, operator: str, value: Any) -> Filter:
        if isinstance(value, Field):
            raise TypeError(f"a field is compared with a value, not with {value!r}")
        return Filter({"field": self._name, "operator": operator, "value": value})

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return self.not_exists() if value is None else self._is("eq", value)

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return self.exists() if value is None else self._is("ne", value)

    def __gt__(self, value: Any) -> Filter:
        return self._is("gt", value)

    def __ge__(self, value: Any) -> Filter:
        return self._is("gte", value)

    def __lt__(self, value: Any) -> Filter:
        return self._is("lt", value)

    def __le__(self, value: Any) -> Filter:
        return self._is("lte", value)

    def between(self, low: Any, high: Any) -> Filter:
        """At least ``low`` and at most ``high``."""
        return self._is("between", [low, high])

    def is_in(self, values: Iterable[Any]) -> Filter:
        """Equal to one of the values."""
        return self._is("in", _listed(values))

    def not_in(self, values: Iterable[Any]) -> Filter:
        """Equal to none of the values, or empty."""
        return self._is("not_in", _listed(values))

    def contains(self, text: str) -> Filter:
        """Holds the text, in any case."""
        return self._is("contains", text)

    def starts_with(self, text: str) -> Filter:
        """Starts with the text, in any case."""
        return self._is("starts_with", text)

    def ends_with(self, text: str) -> Filter:
        """Ends with the text, in any case."""
        return self._is("ends_with", text)

    def exists(self) -> Filter:
        """Has a value."""
        return Filter({"field": self._name, "operator": "exists"})

    def not_exists(self) -> Filter:
        """Has no value."""
        return Filter({"field": self._name, "operator": "not_exists"})

    def __repr__(self) -> str:
        return f"field({self._name!r})"


def field(name: str) -> Field:
    """The attribute of this name, to be compared in a filter."""
    return Field(name)


def _listed(values: Iterable[Any]) -> list[Any]:
    """Several values: a text is one, though it can be iterated."""
    if isinstance(values, (str, bytes, Mapping)):
        raise TypeError(f"expected a list of values, found {values!r}")
    return list(values)


def nodes_of(where: Where) -> list[Any]:
    """The list of filters that a query's body holds."""
    if where is None:
        return []
    if isinstance(where, (Filter, Mapping)):
        where = [where]
    if isinstance(where, str) or not isinstance(where, Iterable):
        raise TypeError(f"expected a filter for where, found {where!r}")
    return [_node_of(one) for one in where]


def _node_of(one: Any) -> Any:
    if not isinstance(one, (Filter, Mapping)):
        raise TypeError(f"expected filters for where, found {one!r} among them")
    return one.to_wire() if isinstance(one, Filter) else one
