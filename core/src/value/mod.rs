//! Value types: what an attribute can hold, how it is parsed, compared and written out.

mod address;
mod currency;
mod email;
mod encode;
mod item;
mod number;
mod parse;
mod phone;
mod select;
mod time;

pub use address::{ADDRESS_PARTS, Address, AddressPatch, address_part};
pub(crate) use encode::EncodeContext;
pub use item::{Item, LABELS};
pub use number::Number;
pub use parse::{Context, parse};
pub(crate) use phone::is_phone_region;
pub use select::SelectOption;
pub use time::{Timestamp, parse_timestamp};

pub use rust_decimal::Decimal;
pub use uuid::Uuid;

use jiff::civil::Date;

/// The types of contract.md section 3 that attributes are declared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Short text.
    String,
    /// Text of any length.
    LongText,
    /// An e-mail address.
    Email,
    /// A phone number; read as E.164.
    PhoneNumber,
    /// An absolute URL.
    Url,
    /// A whole or floating-point number.
    Number,
    /// An exact decimal amount.
    Currency,
    /// True or false.
    Boolean,
    /// An instant, UTC, microseconds.
    Timestamp,
    /// A calendar day.
    Date,
    /// A UUID.
    Uuid,
    /// One of the attribute's options.
    Select,
    /// One of a contact's stages.
    ContactStage,
    /// One of an account's stages.
    AccountStage,
    /// The id of another record.
    RecordReference,
    /// A postal address.
    Address,
    /// An e-mail address of a contact, with its labels.
    ContactEmail,
    /// A phone number of a contact, with its labels.
    ContactPhoneNumber,
    /// A domain of an account.
    AccountDomain,
}

impl ValueType {
    /// Every value type.
    pub const ALL: &[ValueType] = &[
        Self::String,
        Self::LongText,
        Self::Email,
        Self::PhoneNumber,
        Self::Url,
        Self::Number,
        Self::Currency,
        Self::Boolean,
        Self::Timestamp,
        Self::Date,
        Self::Uuid,
        Self::Select,
        Self::ContactStage,
        Self::AccountStage,
        Self::RecordReference,
        Self::Address,
        Self::ContactEmail,
        Self::ContactPhoneNumber,
        Self::AccountDomain,
    ];

    /// The name on the wire, for example `long_text`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::LongText => "long_text",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Url => "url",
            Self::Number => "number",
            Self::Currency => "currency",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Uuid => "uuid",
            Self::Select => "select",
            Self::ContactStage => "contact_stage",
            Self::AccountStage => "account_stage",
            Self::RecordReference => "record_reference",
            Self::Address => "address",
            Self::ContactEmail => "contact_email",
            Self::ContactPhoneNumber => "contact_phone_number",
            Self::AccountDomain => "account_domain",
        }
    }

    /// The value type with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value_type| value_type.name() == name)
    }

    /// Whether the values are one of a declared list of options.
    #[must_use]
    pub fn is_choice(self) -> bool {
        matches!(self, Self::Select | Self::ContactStage | Self::AccountStage)
    }

    /// Whether the values are items of an array with a primary one: e-mails, phones, domains.
    #[must_use]
    pub fn is_item(self) -> bool {
        matches!(self, Self::ContactEmail | Self::ContactPhoneNumber | Self::AccountDomain)
    }

    /// Whether the values are plain text.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::LongText | Self::Email | Self::PhoneNumber | Self::Url)
    }

    /// Whether values of this type have an order that filters may use (contract.md section 3).
    #[must_use]
    pub fn is_ordered(self) -> bool {
        matches!(self, Self::Number | Self::Currency | Self::Timestamp | Self::Date)
    }

    /// The form of `text` that matches are made by: e-mails and domains trimmed and lower-cased
    /// (architecture.md section 4); phone numbers are E.164 already.
    #[must_use]
    pub fn match_key(self, text: &str) -> String {
        match self {
            Self::Email | Self::ContactEmail | Self::AccountDomain => text.trim().to_lowercase(),
            _ => text.to_owned(),
        }
    }
}

/// One value of an attribute. The attribute's [`ValueType`] says how to read it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text types; for choices the option's api name.
    Text(Box<str>),
    /// `number`.
    Number(Number),
    /// `currency`.
    Decimal(Decimal),
    /// `boolean`.
    Boolean(bool),
    /// `timestamp`.
    Timestamp(Timestamp),
    /// `date`.
    Date(Date),
    /// `uuid` and `record_reference`.
    Uuid(Uuid),
    /// `address`.
    Address(Box<Address>),
    /// `contact_email`, `contact_phone_number`, `account_domain`.
    Item(Box<Item>),
    /// The elements of an array attribute, in order.
    List(Vec<Value>),
}

impl Value {
    /// The text of a text value or an item.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Item(item) => Some(&item.text),
            _ => None,
        }
    }

    /// The elements of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// The item.
    #[must_use]
    pub fn as_item(&self) -> Option<&Item> {
        match self {
            Self::Item(item) => Some(item),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
