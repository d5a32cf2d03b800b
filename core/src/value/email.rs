//! E-mail addresses: the shape that is accepted.

use crate::error::{Error, ErrorCode, Result};

use super::quoted;

/// The longest address that SMTP can carry (RFC 5321 section 4.5.3.1.3, less the brackets).
const MAX_BYTES: usize = 254;

/// Checks an address and gives it without surrounding space; letters stay as written.
///
/// Deliberately no full RFC 5322 grammar: what real CRMs hold is `local@domain.tld`, also in
/// other scripts, and comments or quoted spaces are mistakes far more often than addresses.
///
/// # Errors
/// `field_value_invalid`, saying what is wrong.
pub(super) fn check_email(text: &str) -> Result<&str> {
    let address = text.trim();
    let wrong = |why: &str| {
        Error::new(
            ErrorCode::FieldValueInvalid,
            format!("expected an e-mail address, found {}: {why}", quoted(text)),
        )
        .hint("write it as name@example.com")
    };
    if address.len() > MAX_BYTES {
        return Err(wrong("it is longer than 254 bytes"));
    }
    if holds_space_or_control(address) {
        return Err(wrong("it holds a space or a control character"));
    }
    let Some((local, domain)) = address.split_once('@') else {
        return Err(wrong("it has no @"));
    };
    if domain.contains('@') {
        return Err(wrong("it has more than one @"));
    }
    if local.is_empty() || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(wrong("the part before the @ is not a name"));
    }
    // Two addresses in one cell, a link, a name beside its address: no server takes them.
    if let Some(sign) = address.chars().find(|sign| is_no_sign_of_an_address(*sign)) {
        return Err(wrong(&format!("it holds {sign:?}")));
    }
    // An address of the network, or the end of a sentence, which no server takes either.
    let last = domain.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|it| it.is_ascii_digit()) {
        return Err(wrong("the part after the @ does not end as a domain does"));
    }
    check_domain(domain).map_err(|_| wrong("the part after the @ is not a domain"))?;
    Ok(address)
}

/// What only a quoted name may hold, and what cannot be seen.
fn is_no_sign_of_an_address(sign: char) -> bool {
    const UNSEEN: [char; 5] = ['\u{ad}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{feff}'];
    "()<>[],;:\\\"".contains(sign) || UNSEEN.contains(&sign)
}

/// Checks a domain name and gives it without surrounding space and closing dot.
///
/// # Errors
/// `field_value_invalid` if it is not at least two labels of letters, digits and hyphens.
pub(super) fn check_domain(text: &str) -> Result<&str> {
    let domain = text.trim();
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    // Bytes, since nearly all are ASCII; letters of other scripts are looked at afterwards.
    let label_is_valid = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || !b.is_ascii())
    };
    let valid = domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label_is_valid)
        && !holds_space_or_control(domain);
    if valid {
        return Ok(domain);
    }
    Err(Error::new(
        ErrorCode::FieldValueInvalid,
        format!("expected a domain name, found {}", quoted(text)),
    )
    .hint("write it as example.com, without a scheme or a path"))
}

fn holds_space_or_control(text: &str) -> bool {
    if text.is_ascii() {
        return text.bytes().any(|b| b <= b' ' || b == 0x7F);
    }
    text.chars().any(|c| c.is_whitespace() || c.is_control())
}
