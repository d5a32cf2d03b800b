"""The workspace: records, looking them up, creating and updating them."""

import copy

from . import values
from .decisions import (
    ADDRESS_PARTS,
    ATTRIBUTES,
    ITEM_TEXT,
    MATCH_KEYS,
    PRIMARY_OF,
    Rejected,
    Undecided,
)


class Workspace:
    """Records of every type, in memory."""

    def __init__(self, reading):
        self.reading = reading
        self.records = {record_type: [] for record_type in ATTRIBUTES}
        # (record type, normalised e-mail or domain) -> numbers of the records that hold it.
        self.index = {}

    def hits(self, record_type, keys):
        """Numbers of the records that hold any of the e-mails or domains."""
        found = set()
        for text in keys:
            found |= self.index.get((record_type, text.strip().lower()), set())
        return sorted(found)

    def assert_(self, record_type, match, keys, attributes):
        """Creates or updates; gives "created", "updated" or "unchanged"."""
        found = self.hits(record_type, keys)
        if len(found) > 1:
            raise Rejected("ambiguous_match", f"{keys} belong to {len(found)} records")
        array = MATCH_KEYS[record_type][match]
        if found:
            number = found[0]
            before = self.records[record_type][number]
            after = self.changed(record_type, before, attributes)
            self.keep_match(
                record_type, after, array, keys, attributes, is_create=False
            )
            if self.same(before, after):
                return "unchanged"
            self.forget(record_type, number)
            self.records[record_type][number] = after
            self.remember(record_type, number)
            return "updated"
        blank = {
            name: [] if is_array else None
            for name, (_, is_array) in ATTRIBUTES[record_type].items()
        }
        for name in PRIMARY_OF:
            blank.pop(name, None)
        record = self.changed(record_type, blank, attributes)
        self.keep_match(record_type, record, array, keys, attributes, is_create=True)
        required = (
            ("first_name", "last_name", "contact_emails")
            if record_type == "contact"
            else ("display_name",)
        )
        if not any(record[name] for name in required):
            raise Rejected("field_required_missing", f"none of {required}")
        self.records[record_type].append(record)
        self.remember(record_type, len(self.records[record_type]) - 1)
        return "created"

    def changed(self, record_type, before, attributes):
        """A copy of a record with attributes written into it; arrays first, then primaries."""
        after = copy.deepcopy(before)
        for name, value in attributes.items():
            kind, is_array = ATTRIBUTES[record_type][name]
            if name in PRIMARY_OF:
                continue
            if kind == "address" and value is not None:
                parts = dict.fromkeys(ADDRESS_PARTS) | (after[name] or {}) | value
                after[name] = (
                    parts if any(text is not None for text in parts.values()) else None
                )
            elif value is None:
                after[name] = [] if is_array else None
            elif kind in ITEM_TEXT:
                after[name] = copy.deepcopy(value[0])
            else:
                after[name] = copy.deepcopy(value)
        for name, array in PRIMARY_OF.items():
            if name in attributes:
                if attributes[name] is None:
                    raise Undecided(f"{name} = null")
                kind = ATTRIBUTES[record_type][array][0]
                self.make_primary(after[array], kind, *attributes[name])
        return after

    @staticmethod
    def make_primary(items, kind, text, written):
        """contract 11.2: among the items it becomes primary, else it is added as primary."""
        name = ITEM_TEXT[kind]
        chosen = next(
            (
                item
                for item in items
                if values.key(kind, item[name]) == values.key(kind, text)
            ),
            None,
        )
        for item in items:
            item["is_primary"] = False
        if chosen is None:
            chosen = {"labels": []}
            items.append(chosen)
        chosen.update({name: text, "written": written, "is_primary": True})

    @staticmethod
    def keep_match(record_type, record, array, keys, attributes, is_create):
        """contract 11.3: the match value is stored on create and stays on update."""
        kind = ATTRIBUTES[record_type][array][0]
        name = ITEM_TEXT[kind]
        held = {values.key(kind, item[name]) for item in record[array]}
        missing = [text for text in keys if values.key(kind, text) not in held]
        if not is_create and (not missing or len(missing) < len(keys)):
            return
        if len(missing) > 1:
            raise Undecided("which of several match values is stored?")
        for text in missing:
            given = attributes.get(array)
            if record[array] and not (given and given[1]):
                raise Undecided("is the match value or the first item primary?")
            record[array].append(
                {
                    name: text,
                    "written": text,
                    "is_primary": not record[array],
                    "labels": [],
                }
            )

    def same(self, before, after):
        """Whether nothing that counts differs."""
        return self.shown(before) == self.shown(after)

    def shown(self, record):
        """A record without what does not count."""
        result = {}
        for name, value in record.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                counts = (
                    name == "contact_phone_numbers" and self.reading.phone_text_counts
                )
                value = [
                    {k: v for k, v in item.items() if k != "written" or counts}
                    for item in value
                ]
            result[name] = value
        return result

    def keys_of(self, record_type, number):
        array = "contact_emails" if record_type == "contact" else "domains"
        name = "email" if record_type == "contact" else "domain_name"
        for item in self.records[record_type][number][array]:
            yield record_type, item[name].strip().lower()

    def remember(self, record_type, number):
        for key in self.keys_of(record_type, number):
            self.index.setdefault(key, set()).add(number)

    def forget(self, record_type, number):
        for key in self.keys_of(record_type, number):
            self.index[key].discard(number)
