"""How a text is read as a typed value, written anew from what is documented: what is stored, or
`None` where it is refused."""

import re
import unicodedata
from decimal import Decimal
from uuid import UUID

import phonenumbers

# White space as Unicode has it; `str.strip` takes the separators of ASCII for white space too.
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
# What only a quoted name may hold, and what cannot be seen.
NO_SIGNS_OF_ADDRESSES = '()<>[],;:\\"\u00ad\u200b\u200e\u200f\ufeff'
MOST_DIGITS = 28


def strip(text: str) -> str:
    """The text without white space at its ends."""
    return text.strip(WHITE_SPACE)


def phone(text: str, region: str | None = "US") -> str | None:
    """E.164 of a number that libphonenumber holds for possible, if it is read as itself."""
    if len(text.encode("utf-8")) > 250:
        return None
    try:
        number = phonenumbers.parse(strip(text), region)
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return (
        written if phonenumbers.is_valid_number(number) or could_be(written) else None
    )


def could_be(written: str) -> bool:
    """Whether E.164 and the lengths of a country's numbers allow it, whoever has it."""
    number = phonenumbers.parse(written, None)
    length = phonenumbers.is_possible_number_with_reason(number)
    again = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    possible = phonenumbers.ValidationResult.IS_POSSIBLE
    return length == possible and len(written) <= 16 and again == written


def email(text: str) -> str | None:
    """`local@domain.tld`, letters as written; a domain has no closing dot here."""
    address = strip(text)
    local, at, host = address.partition("@")
    last = host.rpartition(".")[2]
    if (
        not at
        or "@" in host
        or len(address.encode("utf-8")) > 254
        or domain(host) is None
        or re.fullmatch("[0-9]*", last)
        or any(sign in NO_SIGNS_OF_ADDRESSES for sign in address)
    ):
        return None
    dots_are_wrong = local.startswith(".") or local.endswith(".") or ".." in local
    return None if not local or dots_are_wrong or not printable(local) else address


def domain(text: str) -> str | None:
    """Two labels or more, of letters of any script, digits and hyphens."""
    name = strip(text).removesuffix(".")
    labels = name.split(".")
    fits = len(name.encode("utf-8")) <= 253 and len(labels) >= 2 and printable(name)
    label = re.compile(r"(?!-)[A-Za-z0-9_\-\u0080-\U0010ffff]+(?<!-)")
    right = all(
        label.fullmatch(part) and len(part.encode("utf-8")) <= 63 for part in labels
    )
    return name if fits and right else None


def printable(text: str) -> bool:
    """Whether it holds neither white space nor control characters."""
    return not any(c in WHITE_SPACE or unicodedata.category(c) == "Cc" for c in text)


def boolean(text: str) -> int | None:
    """1 or 0."""
    words = {"true": 1, "yes": 1, "1": 1, "false": 0, "no": 0, "0": 0}
    return words.get(strip(text).lower()) if text.isascii() else words.get(strip(text))


def contact_stage(text: str) -> str | None:
    """The name of an option, for the API or for people."""
    return chosen(text, ("new", "working", "qualified", "unqualified"))


def account_stage(text: str) -> str | None:
    """The name of an option, for the API or for people."""
    return chosen(text, ("target", "engaged", "customer", "former_customer"))


def chosen(text: str, options: tuple[str, ...]) -> str | None:
    """The option that a text names."""
    shown = {option.replace("_", " ").capitalize(): option for option in options}
    return text if text in options else shown.get(text)


def decimal(text: str) -> str | None:
    """Digits with a point or an exponent, kept as they were written, at most 28 of them; zero has no sign."""
    if not re.fullmatch(
        r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", strip(text)
    ):
        return None
    value = Decimal(strip(text))
    digits = format(value if value else abs(value), "f")
    places = len(digits.partition(".")[2])
    fits = (
        places <= MOST_DIGITS
        and sum(map(str.isdigit, digits.lstrip("-0."))) <= MOST_DIGITS
    )
    return digits if fits else None


def uuid(text: str) -> str | None:
    """A UUID in its usual form."""
    try:
        return str(UUID(strip(text)))
    except ValueError:
        return None
