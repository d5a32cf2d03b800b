//! Postal addresses: six parts, each of which may be missing.

use super::Text;

/// The parts of an address, in the order of contract.md section 3.
pub const ADDRESS_PARTS: [&str; 6] =
    ["street_one", "street_two", "city", "state", "country", "zip_code"];

/// The index of a part in [`ADDRESS_PARTS`].
#[must_use]
pub fn address_part(name: &str) -> Option<usize> {
    ADDRESS_PARTS.iter().position(|part| *part == name)
}

/// A postal address: one entry for each of [`ADDRESS_PARTS`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address(pub [Option<Text>; 6]);

impl Address {
    /// Whether no part is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// A change of some parts of an address: each is absent (outer `None`), null, or a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressPatch(pub [Option<Option<Text>>; 6]);

impl AddressPatch {
    /// Whether `address` is that way already.
    #[must_use]
    pub fn leaves(&self, address: Option<&Address>) -> bool {
        let is_same = |(part, change): (usize, &Option<Option<Text>>)| match change {
            None => true,
            Some(change) => {
                change.as_deref() == address.and_then(|address| address.0[part].as_deref())
            }
        };
        self.0.iter().enumerate().all(is_same)
    }

    /// The address that results from applying this to `address`; `None` when nothing is left.
    #[must_use]
    pub fn apply_to(self, address: Option<&Address>) -> Option<Address> {
        let mut result = address.cloned().unwrap_or_default();
        for (part, change) in result.0.iter_mut().zip(self.0) {
            if let Some(change) = change {
                *part = change;
            }
        }
        (!result.is_empty()).then_some(result)
    }
}
