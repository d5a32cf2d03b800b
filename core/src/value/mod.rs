//! Value types: what an attribute can hold, how it is parsed, compared and written out.

mod address;
mod currency;
mod email;
mod encode;
mod exact;
mod input;
mod item;
mod number;
mod parse;
mod phone;
mod select;
mod target;
mod time;

pub use address::{ADDRESS_PARTS, Address, AddressPatch, address_part};
pub(crate) use encode::{EncodeContext, Encoded, Envelope, to_json};
pub(crate) use exact::keep_long_numbers;
pub use exact::read_json;
pub use input::Input;
pub(crate) use item::parse_labels;
pub use item::{Item, ItemShape, LABELS};
pub use number::Number;
pub use parse::{Context, parse};
pub(crate) use parse::{check_length, excerpt, quoted};
pub(crate) use phone::is_phone_region;
pub use select::{PipelineStage, SelectOption};
pub use target::Target;
pub use time::{Timestamp, parse_timestamp};

use std::borrow::Cow;

/// Text of a value: up to 24 bytes of it, which is most of what records hold, without an allocation.
pub use compact_str::CompactString as Text;
pub use rust_decimal::Decimal;
pub use uuid::Uuid;

use jiff::civil::{Date, Time};

/// The types of contract.md section 3 that attributes are declared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Short text.
    String,
    /// Text of any length.
    LongText,
    /// Text with markup, as HTML.
    RichText,
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
    /// An exact decimal number of hundredths.
    Percent,
    /// True or false.
    Boolean,
    /// An instant, UTC, microseconds.
    Timestamp,
    /// A calendar day.
    Date,
    /// A time of the day, in seconds.
    Time,
    /// A UUID.
    Uuid,
    /// One of the attribute's options.
    Select,
    /// One of a declared list of names in upper case.
    Enum,
    /// One of a contact's stages.
    ContactStage,
    /// One of an account's stages.
    AccountStage,
    /// One of the stages of an opportunity's pipelines.
    OpportunityStage,
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
        Self::RichText,
        Self::Enum,
        Self::Percent,
        Self::Time,
        Self::OpportunityStage,
    ];

    /// The name on the wire, for example `long_text`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::LongText => "long_text",
            Self::RichText => "rich_text",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Url => "url",
            Self::Number => "number",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Time => "time",
            Self::Uuid => "uuid",
            Self::Select => "select",
            Self::Enum => "enum",
            Self::ContactStage => "contact_stage",
            Self::AccountStage => "account_stage",
            Self::OpportunityStage => "opportunity_stage",
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

    /// Whether the values are read as one of a declared list of options, with id and colour.
    #[must_use]
    pub fn is_choice(self) -> bool {
        matches!(
            self,
            Self::Select | Self::ContactStage | Self::AccountStage | Self::OpportunityStage
        )
    }

    /// Whether a declaration says which values there are.
    #[must_use]
    pub fn has_options(self) -> bool {
        self.is_choice() || self == Self::Enum
    }

    /// Whether the values are items of an array with a primary one: e-mails, phones, domains.
    #[must_use]
    pub fn is_item(self) -> bool {
        self.item_shape().is_some()
    }

    /// Whether the values are plain text.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Self::String
                | Self::LongText
                | Self::RichText
                | Self::Email
                | Self::PhoneNumber
                | Self::Url
        )
    }

    /// Whether the values are exact decimals.
    #[must_use]
    pub fn is_decimal(self) -> bool {
        matches!(self, Self::Currency | Self::Percent)
    }

    /// Whether values of this type have an order that filters may use (contract.md section 3).
    #[must_use]
    pub fn is_ordered(self) -> bool {
        self.is_decimal()
            || matches!(self, Self::Number | Self::Timestamp | Self::Date | Self::Time)
    }

    /// The form of `text` that matches are made by: e-mails and domains trimmed and lower-cased
    /// (architecture.md section 4); phone numbers are E.164 already.
    #[must_use]
    pub fn match_key(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Email | Self::ContactEmail | Self::AccountDomain => {
                // Nearly all are in this form already, and are asked for it again and again.
                let is_in_form = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
                // Every byte is looked at: without a way out many are at a time.
                if text.bytes().fold(true, |all, byte| all & is_in_form(byte)) {
                    Cow::Borrowed(text)
                } else {
                    Cow::Owned(text.trim().to_lowercase())
                }
            }
            _ => Cow::Borrowed(text),
        }
    }
}

/// The form of a text by which parts of it are found in any case (contract.md section 11.8).
///
/// In lower case a capital sigma is ς at the end of a word and σ elsewhere, and a part may end where the word does not.
pub(crate) fn caseless(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.contains('ς') { lower.replace('ς', "σ") } else { lower }
}

/// One value of an attribute. The attribute's [`ValueType`] says how to read it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text types; for choices the option's name ([`SelectOption::name`]).
    Text(Text),
    /// `number`.
    Number(Number),
    /// `currency`, `percent`.
    Decimal(Decimal),
    /// `boolean`.
    Boolean(bool),
    /// `timestamp`.
    Timestamp(Timestamp),
    /// `date`.
    Date(Date),
    /// `time`.
    Time(Time),
    /// `uuid` and `record_reference`.
    Uuid(Uuid),
    /// `record_reference`, in an operation only: a record by one of its match keys, until it is
    /// found.
    Target(Box<Target>),
    /// `address`.
    Address(Box<Address>),
    /// `contact_email`, `contact_phone_number`, `account_domain`.
    Item(Box<Item>),
    /// The elements of an array attribute, in order.
    List(Box<[Value]>),
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

    /// The key that matches are made by, of a single value whose attribute has this type; `None`
    /// where no match can be made by it.
    #[must_use]
    pub fn match_key(&self, value_type: ValueType) -> Option<Cow<'_, str>> {
        match self {
            Self::Number(number) => Some(number.to_json().to_string().into()),
            Self::Decimal(decimal) => Some(decimal.normalize().to_string().into()),
            Self::Date(date) => Some(date.to_string().into()),
            Self::Uuid(id) => Some(id.to_string().into()),
            other => other.as_text().map(|text| value_type.match_key(text)),
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

    /// The address.
    #[must_use]
    pub fn as_address(&self) -> Option<&Address> {
        match self {
            Self::Address(address) => Some(address),
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
