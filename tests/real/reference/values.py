"""Value types: what is accepted, what is compared, what is matched by."""

import re
from decimal import Decimal, InvalidOperation

import phonenumbers

from .decisions import ADDRESS_PARTS, ITEM_TEXT, Rejected, Undecided

LABELS = ("PERSONAL", "WORK", "MOBILE")


def invalid(why):
    return Rejected("field_value_invalid", why)


def text(value):
    """A string is kept as it is written, spaces included."""
    if not isinstance(value, str):
        raise Undecided(f"{value!r} for a string")
    if value == "":
        raise Undecided("an empty string that is not an empty CSV cell")
    return value


def domain(value):
    """At least two labels; surrounding space is no part of it."""
    written = text(value).strip()
    labels = written.split(".")
    if len(labels) < 2 or not all(labels) or re.search(r"[\s\x00-\x1f/@:]", written):
        raise invalid(f"no domain: {value!r}")
    if not all(
        re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", label)
        for label in labels
    ):
        raise Undecided(f"is {value!r} a domain?")
    return written


def email(value):
    """One @, something before it, a domain after it, no space inside."""
    written = text(value).strip()
    local, at, rest = written.partition("@")
    if not at or not local or "@" in rest or re.search(r"[\s\x00-\x1f]", written):
        raise invalid(f"no e-mail address: {value!r}")
    domain(rest)
    if (
        local.startswith(".")
        or local.endswith(".")
        or ".." in local
        or len(written) > 254
    ):
        raise Undecided(f"is {value!r} an e-mail address?")
    return written


def phone(value, region):
    """The E.164 form of a number that can be one; an extension is accepted and dropped."""
    try:
        number = phonenumbers.parse(text(value), region)
    except phonenumbers.NumberParseException as cause:
        raise invalid(f"{value!r}: {cause}") from cause
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != phonenumbers.ValidationResult.IS_POSSIBLE or len(written) > 16:
        raise invalid(f"not a number that can be: {value!r}")
    return written


def currency(value):
    """An exact decimal amount."""
    if isinstance(value, (bool, float, list, dict)):
        raise Undecided(f"{value!r} for a currency")
    try:
        amount = Decimal(value)
    except InvalidOperation as cause:
        raise invalid(f"no amount: {value!r}") from cause
    if str(amount) != str(value):
        raise Undecided(f"how is {value!r} shown?")
    return {"amount": str(amount)}


def address(value):
    """A whole address, given as an object."""
    if not isinstance(value, dict) or set(value) - set(ADDRESS_PARTS):
        raise invalid(f"no address: {value!r}")
    return {
        part: None if value.get(part) is None else text(value[part])
        for part in ADDRESS_PARTS
    }


def key(kind, value):
    """What two texts of an e-mail, phone or domain are compared by when looking for a record."""
    return value if kind == "contact_phone_number" else value.strip().lower()


def item(kind, value, region):
    """One element of an array of compound items; says whether it names itself primary."""
    name = ITEM_TEXT[kind]
    given = value if isinstance(value, dict) else {name: value}
    if set(given) - {name, "is_primary", "labels"} or given.get(name) is None:
        raise Undecided(f"item {value!r}")
    labels = given.get("labels", [])
    if any(label not in LABELS for label in labels):
        raise invalid(f"labels {labels!r}")
    parse = {
        "contact_email": email,
        "account_domain": domain,
        "contact_phone_number": lambda text_: phone(text_, region),
    }[kind]
    written = given[name].strip() if isinstance(given[name], str) else given[name]
    return {
        name: parse(given[name]),
        "is_primary": bool(given.get("is_primary", False)),
        "labels": list(labels),
        "written": written,
    }


def items(kind, value, region):
    """A whole array of items: the first is primary unless one says so (contract 11.4)."""
    if not isinstance(value, list):
        raise Undecided(f"{value!r} for an array")
    parsed = [item(kind, element, region) for element in value]
    primaries = sum(element["is_primary"] for element in parsed)
    if primaries > 1:
        raise invalid("two primaries")
    keys = [key(kind, element[ITEM_TEXT[kind]]) for element in parsed]
    if len(set(keys)) != len(keys):
        raise Undecided(f"the same value twice in one array: {keys}")
    names_primary = primaries == 1
    if parsed and not names_primary:
        parsed[0]["is_primary"] = True
    return parsed, names_primary
