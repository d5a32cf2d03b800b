//! The record types as contract.md section 4 has them, and what the tests declare beyond them.

use serde_json::{Value as Json, json};

/// How the values of an attribute are written, read and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// An address for mail.
    Email,
    /// A phone number.
    Phone,
    /// A number.
    Number,
    /// An amount, exact.
    Currency,
    /// True or false.
    Boolean,
    /// An instant.
    Timestamp,
    /// A day.
    Date,
    /// One of some names, written as it is read.
    Enum,
    /// One of some options, written by id, api name or display value.
    Choice,
    /// A record of a type.
    Reference(&'static str),
    /// A postal address.
    Address,
    /// Items of an array, each with this text.
    Item(&'static str),
}

/// How a value comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is written.
    Written,
    /// It is the primary item of an array, and writes it.
    PrimaryOf(&'static str),
    /// It is only read, and follows from others.
    Derived,
}

/// One attribute.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What the envelope says.
    pub value_type: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Whether it is a list.
    pub many: bool,
    /// How its value comes about.
    pub origin: Origin,
    /// Whether a create needs it.
    pub required: bool,
    /// Whether it can be null.
    pub nullable: bool,
    /// Whether a match can be made by it.
    pub unique: bool,
    /// What a create writes where it is absent.
    pub default: Option<&'static str>,
}

impl Attribute {
    fn new(name: &'static str, value_type: &'static str, kind: Kind) -> Self {
        let (many, unique) = (matches!(kind, Kind::Item(_)), false);
        let (origin, required, nullable, default) = (Origin::Written, false, true, None);
        Self { name, value_type, kind, many, origin, required, nullable, unique, default }
    }

    fn many(self) -> Self {
        Self { many: true, ..self }
    }

    fn required(self) -> Self {
        Self { required: true, nullable: false, ..self }
    }

    fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    fn default_to(self, name: &'static str) -> Self {
        Self { default: Some(name), nullable: false, ..self }
    }

    fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Whether two records may never share a value (contract.md section 11.1).
    #[must_use]
    pub fn is_never_shared(&self) -> bool {
        self.unique && self.is_key() && !matches!(self.kind, Kind::Item(_))
    }

    /// Whether its values are what matches are made by.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.unique && self.origin == Origin::Written
    }

    /// Its operators (contract.md section 3).
    #[must_use]
    pub fn operators(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Address => &["exists", "not_exists"],
            Kind::Boolean => &["eq", "ne", "exists", "not_exists"],
            Kind::Text | Kind::Email | Kind::Phone | Kind::Item(_) => &[
                "eq",
                "ne",
                "in",
                "not_in",
                "contains",
                "starts_with",
                "ends_with",
                "exists",
                "not_exists",
            ],
            Kind::Number | Kind::Currency | Kind::Timestamp | Kind::Date => &[
                "eq",
                "ne",
                "in",
                "not_in",
                "gt",
                "gte",
                "lt",
                "lte",
                "between",
                "exists",
                "not_exists",
            ],
            Kind::Enum | Kind::Choice | Kind::Reference(_) => {
                &["eq", "ne", "in", "not_in", "exists", "not_exists"]
            }
        }
    }

    /// Whether records can be put in its order.
    #[must_use]
    pub fn is_sortable(&self) -> bool {
        !self.many && self.kind != Kind::Address
    }
}

/// A relationship as one of its two types sees it.
#[derive(Debug, Clone)]
pub struct Relationship {
    /// What this side calls it.
    pub name: &'static str,
    /// The type of the other side.
    pub target: &'static str,
    /// The links, which both sides share.
    pub table: &'static str,
    /// Whether this side is the first in the links.
    pub is_first: bool,
    /// The attributes of its links; none where it is generic.
    pub attributes: &'static [&'static str],
    /// The type of which each record has one primary link at most.
    pub one_primary_per: &'static str,
    /// Whether it is only read.
    pub is_read_only: bool,
}

/// A record type.
#[derive(Debug)]
pub struct Type {
    /// Its name.
    pub name: &'static str,
    /// Its attributes, those that every type has left out.
    pub attributes: Vec<Attribute>,
    /// Its relationships.
    pub relationships: Vec<Relationship>,
    /// Other names of match keys.
    pub match_aliases: &'static [(&'static str, &'static str)],
    /// Other names that an attribute is written by.
    pub aliases: &'static [(&'static str, &'static str)],
    /// Of which a create needs one.
    pub needs_one_of: &'static [&'static str],
    /// Whether it can be asserted.
    pub can_assert: bool,
    /// Whether it is only read.
    pub is_read_only: bool,
}

impl Type {
    /// The attribute that is written by a name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        let name = self.aliases.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, of)| of);
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The relationship with a name.
    #[must_use]
    pub fn relationship(&self, name: &str) -> Option<&Relationship> {
        self.relationships.iter().find(|relationship| relationship.name == name)
    }
}

/// The links that are what an opportunity's `account_id` says.
pub const ACCOUNT_ID: &str = "account_id";

/// What every record has and nobody writes.
pub const SYSTEM: [&str; 5] =
    ["id", "organization_id", "created_at", "updated_at", "created_by_user_id"];

/// What the tests declare: a custom object, and custom fields.
#[must_use]
pub fn declarations() -> Json {
    json!({
        "record_types": [{
            "api_name": "project", "display_name": "Project",
            "attributes": [
                {"api_name": "name", "display_name": "Name", "value_type": "string", "required": true, "nullable": false},
                {"api_name": "code", "display_name": "Code", "value_type": "string", "is_unique": true},
                {"api_name": "phase", "display_name": "Phase", "value_type": "enum", "default": "PLAN", "nullable": false, "options": [
                    {"api_name": "PLAN", "display_value": "Plan", "color": "gray"},
                    {"api_name": "BUILD", "display_value": "Build", "color": "blue"}]},
                {"api_name": "budget", "display_name": "Budget", "value_type": "currency"},
                {"api_name": "starts_on", "display_name": "Starts on", "value_type": "date"},
                {"api_name": "lead_id", "display_name": "Lead", "value_type": "record_reference", "target": "contact"},
            ],
            "relationships": [{"api_name": "contacts", "display_name": "Contacts", "target": "contact",
                "inverse": {"api_name": "projects", "display_name": "Projects"}}],
        }],
        "custom_fields": [
            {"record_type": "contact", "attributes": [
                {"api_name": "badge", "display_name": "Badge", "value_type": "string", "is_unique": true},
                {"api_name": "score", "display_name": "Score", "value_type": "number"}]},
            {"record_type": "account", "attributes": [
                {"api_name": "tier", "display_name": "Tier", "value_type": "select", "options": [
                    {"api_name": "gold", "display_value": "Gold", "color": "orange"},
                    {"api_name": "silver", "display_value": "Silver", "color": "gray"}]}]},
        ],
    })
}

/// The record types that the operations are about.
#[must_use]
pub fn types() -> Vec<Type> {
    use Kind::{
        Address, Boolean, Choice, Currency, Date, Email, Enum, Item, Number, Phone, Reference,
        Text, Timestamp,
    };
    let new = Attribute::new;
    let text = |name| new(name, "string", Text);
    let long = |name| new(name, "long_text", Text);
    let instant = |name| new(name, "timestamp", Timestamp);
    let owner = || new("owner_user_id", "record_reference", Reference("user"));
    let participants =
        || new("participant_user_id_list", "record_reference", Reference("user")).many();
    let links = |name, target, table, is_first| Relationship {
        name,
        target,
        table,
        is_first,
        attributes: &[],
        one_primary_per: "",
        is_read_only: false,
    };
    let employment = |name, target, is_first| Relationship {
        attributes: &["role", "is_primary"],
        one_primary_per: "contact",
        ..links(name, target, "contact_account", is_first)
    };
    let involvement = |name, target, is_first| Relationship {
        attributes: &["is_primary"],
        one_primary_per: "opportunity",
        ..links(name, target, "contact_opportunity", is_first)
    };
    let meetings =
        |table| Relationship { is_read_only: true, ..links("meetings", "meeting", table, false) };
    let of_account = |name, target, is_first| Relationship {
        is_read_only: true,
        ..links(name, target, ACCOUNT_ID, is_first)
    };
    let plain = |name, attributes, relationships| Type {
        name,
        attributes,
        relationships,
        match_aliases: &[],
        aliases: &[],
        needs_one_of: &[],
        can_assert: false,
        is_read_only: false,
    };
    let contact = Type {
        match_aliases: &[("email", "contact_emails")],
        needs_one_of: &["first_name", "last_name", "primary_email"],
        can_assert: true,
        ..plain(
            "contact",
            vec![
                text("display_name").from(Origin::Derived),
                new("stage", "contact_stage", Choice).default_to("new"),
                text("first_name"),
                text("middle_name"),
                text("last_name"),
                text("title"),
                new("primary_email", "email", Email)
                    .from(Origin::PrimaryOf("contact_emails"))
                    .unique(),
                new("primary_phone_number", "phone_number", Phone)
                    .from(Origin::PrimaryOf("contact_phone_numbers")),
                new("sms_consent", "boolean", Boolean),
                new("address", "address", Address),
                new("contact_emails", "contact_email", Item("email")).unique(),
                new("contact_phone_numbers", "contact_phone_number", Item("phone_number")),
                owner(),
                participants(),
                text("badge").unique(),
                new("score", "number", Number),
            ],
            vec![
                employment("accounts", "account", true),
                involvement("opportunities", "opportunity", false),
                links("tasks", "task", "task_contacts", false),
                links("notes", "note", "note_contacts", false),
                links("projects", "project", "project_contacts", false),
                meetings("meeting_contacts"),
            ],
        )
    };
    let account = Type {
        match_aliases: &[("domain_name", "domains")],
        aliases: &[("name", "display_name")],
        can_assert: true,
        ..plain(
            "account",
            vec![
                text("display_name").required(),
                new("stage", "account_stage", Choice).default_to("target"),
                owner(),
                new("domains", "account_domain", Item("domain_name")).unique(),
                long("description"),
                text("websites").many(),
                new("estimated_annual_revenue", "currency", Currency),
                new("tier", "select", Choice),
            ],
            vec![
                employment("contacts", "contact", false),
                of_account("opportunities", "opportunity", false),
                links("parent_accounts", "account", "account_parents", true),
                links("child_accounts", "account", "account_parents", false),
                links("tasks", "task", "task_accounts", false),
                meetings("meeting_accounts"),
            ],
        )
    };
    let opportunity = plain(
        "opportunity",
        vec![
            text("display_name").required(),
            new("status", "enum", Enum).default_to("PROSPECT"),
            new("pipeline", "select", Choice).from(Origin::Derived),
            new("stage", "opportunity_stage", Choice).default_to("sales.prospecting"),
            owner(),
            new("account_id", "record_reference", Reference("account")).required(),
            new("amount", "currency", Currency),
            instant("next_step_due_at"),
        ],
        vec![
            involvement("contacts", "contact", true),
            of_account("account", "account", true),
            links("tasks", "task", "task_opportunities", false),
            meetings("meeting_opportunities"),
        ],
    );
    let task = plain(
        "task",
        vec![
            text("title").required(),
            new("status", "enum", Enum).default_to("OPEN"),
            owner().required(),
            long("note"),
            instant("due_at"),
        ],
        vec![
            links("contacts", "contact", "task_contacts", true),
            links("accounts", "account", "task_accounts", true),
            links("opportunities", "opportunity", "task_opportunities", true),
        ],
    );
    let note = plain(
        "note",
        vec![
            new("note_html", "rich_text", Text).required(),
            owner(),
            text("title"),
            new("is_private", "boolean", Boolean),
            instant("deleted_at").from(Origin::Derived),
        ],
        vec![links("contacts", "contact", "note_contacts", true)],
    );
    let project = plain(
        "project",
        vec![
            text("name").required(),
            text("code").unique(),
            new("phase", "enum", Enum).default_to("PLAN"),
            new("budget", "currency", Currency),
            new("starts_on", "date", Date),
            new("lead_id", "record_reference", Reference("contact")),
        ],
        vec![links("contacts", "contact", "project_contacts", true)],
    );
    let user = Type {
        is_read_only: true,
        ..plain(
            "user",
            vec![
                text("display_name").from(Origin::Derived),
                new("email", "email", Email).required().unique(),
                text("first_name"),
                text("last_name"),
            ],
            Vec::new(),
        )
    };
    vec![contact, account, opportunity, task, note, project, user]
}
