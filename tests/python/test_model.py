"""Random calls compared with a model: a dictionary for each record."""

import headwater as hw
import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

TEXTS = st.one_of(
    st.none(), st.text("aé<\"'\n\\ ", min_size=1, max_size=6).filter(str.strip)
)
NAMES = ["title", "department", "middle_name"]
CHANGES = st.dictionaries(st.sampled_from(NAMES), TEXTS)
EMAILS = st.sampled_from([f"p{number}@acme.example" for number in range(4)])


class Contacts(RuleBasedStateMachine):
    """Contacts, as the package and as dictionaries."""

    records = Bundle("records")

    def __init__(self):
        super().__init__()
        self.ws = hw.open_temporary()
        self.model = {}
        self.archived = {}

    def teardown(self):
        self.ws.close()

    def added(self, record, changes, email=None):
        """A record that was made."""
        self.model[record.id] = {
            **dict.fromkeys(NAMES),
            **changes,
            "primary_email": email,
        }
        return record.id

    @rule(target=records, changes=CHANGES)
    def create(self, changes):
        return self.added(
            self.ws.create("contact", {"first_name": "x", **changes}), changes
        )

    @rule(id=records, changes=CHANGES)
    def patch(self, id, changes):
        if id not in self.model:
            try:
                self.ws.patch("contact", id, changes)
            except hw.RecordNotFoundError:
                return
            raise AssertionError("an archived record was patched")
        self.ws.patch("contact", id, changes)
        self.model[id].update(changes)

    @rule(target=records, email=EMAILS, changes=CHANGES)
    def assert_(self, email, changes):
        found = [
            id for id, values in self.model.items() if values["primary_email"] == email
        ]
        if len(found) > 1:
            try:
                self.ws.assert_("contact", {"email": email}, changes)
            except hw.AmbiguousMatchError:
                return multiple()
            raise AssertionError("an ambiguous match was taken")
        done = self.ws.assert_("contact", {"email": email}, changes)
        if not found:
            assert done.action == "created"
            return self.added(done.record, changes, email)
        assert [done.id] == found
        before = dict(self.model[done.id])
        self.model[done.id].update(changes)
        assert done.action == (
            "unchanged" if before == self.model[done.id] else "updated"
        )
        return done.id

    @rule(
        target=records,
        emails=st.lists(EMAILS, unique=True, max_size=4),
        changes=CHANGES,
    )
    def assert_many(self, emails, changes):
        known = [values["primary_email"] for values in self.model.values()]
        rows = [{"primary_email": email, **changes} for email in emails]
        report = self.ws.assert_many("contact", rows, match="primary_email")
        for email, outcome in zip(emails, report, strict=True):
            if known.count(email) > 1:
                assert isinstance(outcome.error, hw.AmbiguousMatchError)
                continue
            assert (outcome.action == "created") == (email not in known)
            if email in known:
                self.model[outcome.id].update(changes)
            else:
                self.added(outcome, changes, email)
        return multiple(*(outcome.id for outcome in report if outcome.id))

    @rule(id=records)
    def archive(self, id):
        if id in self.model:
            self.ws.archive("contact", id)
            self.archived[id] = self.model.pop(id)

    @rule(id=records)
    def restore(self, id):
        if id in self.archived:
            self.ws.restore("contact", id)
            self.model[id] = self.archived.pop(id)

    @rule(name=st.sampled_from(NAMES), value=TEXTS)
    def query(self, name, value):
        found = {
            record.id for record in self.ws.query("contact", hw.field(name) == value)
        }
        assert found == {
            id for id, values in self.model.items() if values[name] == value
        }

    @invariant()
    def every_record_is_as_the_model_says(self):
        stored = {
            record.id: {name: record[name] for name in [*NAMES, "primary_email"]}
            for record in self.ws.query("contact")
        }
        assert stored == self.model


TestContacts = Contacts.TestCase
TestContacts.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
