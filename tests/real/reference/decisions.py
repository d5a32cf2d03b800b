"""What the model needs to know of the contract before any row is read."""

from dataclasses import dataclass


class Rejected(Exception):
    """A row is refused with a code."""

    def __init__(self, code, why=""):
        super().__init__(f"{code}: {why}")
        self.code = code


class Undecided(Exception):
    """The data reach a place where the contract does not say what must happen.

    The model stops there instead of guessing: either the contract gets a decision, or the job is
    written so that it does not go there.
    """


@dataclass(frozen=True)
class Reading:
    """Points on which figures must not depend; `model.py --check` runs every combination."""

    # An expression that gives undefined: "absent" leaves the attribute alone, "null" is a null.
    undefined: str = "absent"
    # Whether a phone number written differently, with the same E.164 form, is a difference.
    phone_text_counts: bool = False


class Absent:
    """No value was given: the attribute is left alone."""

    def __repr__(self):
        return "ABSENT"


ABSENT = Absent()

ADDRESS_PARTS = ("street_one", "street_two", "city", "state", "country", "zip_code")

# contract.md 4.1, 4.2: attribute -> (value type, is it an array).
ATTRIBUTES = {
    "contact": {
        "first_name": ("string", False),
        "last_name": ("string", False),
        "middle_name": ("string", False),
        "department": ("string", False),
        "title": ("string", False),
        "primary_email": ("email", False),
        "primary_phone_number": ("phone_number", False),
        "address": ("address", False),
        "contact_emails": ("contact_email", True),
        "contact_phone_numbers": ("contact_phone_number", True),
        "linkedin_url": ("string", False),
        "x_url": ("string", False),
        "facebook_url": ("string", False),
    },
    "account": {
        "display_name": ("string", False),
        "domains": ("account_domain", True),
        "description": ("string", False),
        "official_website": ("string", False),
        "websites": ("string", True),
        "linkedin_url": ("string", False),
        "address": ("address", False),
        "estimated_annual_revenue": ("currency", False),
    },
}

# contract.md 11.11.
ALIASES = {("account", "name"): "display_name"}

# contract.md 11.10: match key -> the array that is searched.
MATCH_KEYS = {
    "contact": {
        "contact_emails": "contact_emails",
        "primary_email": "contact_emails",
        "email": "contact_emails",
    },
    "account": {"domains": "domains", "domain_name": "domains"},
}

# An item's value type -> the key that holds its text.
ITEM_TEXT = {
    "contact_email": "email",
    "contact_phone_number": "phone_number",
    "account_domain": "domain_name",
}

# contract.md 11.2: attribute -> the array whose primary item it is.
PRIMARY_OF = {
    "primary_email": "contact_emails",
    "primary_phone_number": "contact_phone_numbers",
}
