//! Phone numbers that libphonenumber holds valid, in E.164.

use super::random::Random;

/// What a number begins with, and how many digits follow: mobile and city ranges that are open in
/// full. Repeated entries are drawn more often.
const RANGES: [(&str, u32); 24] = [
    ("+1212", 0),
    ("+1212", 0),
    ("+1415", 0),
    ("+1415", 0),
    ("+1312", 0),
    ("+1617", 0),
    ("+1206", 0),
    ("+1512", 0),
    ("+1416", 0),
    ("+1604", 0),
    ("+44207", 7),
    ("+44207", 7),
    ("+441614", 6),
    ("+4930", 8),
    ("+4989", 8),
    ("+3314", 7),
    ("+3361", 7),
    ("+3120", 7),
    ("+3491", 7),
    ("+9198", 8),
    ("+9199", 8),
    ("+61412", 6),
    ("+813", 8),
    ("+55119", 8),
];

/// A number of one of the ranges.
pub(super) fn draw(random: &mut Random) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "below the number of ranges")]
    let (start, digits) = RANGES[random.below(RANGES.len() as u64) as usize];
    let rest = random.next();
    match start {
        // North America: an exchange of 2..9, two digits that are not 11, four digits.
        start if digits == 0 => {
            let exchange = 200 + rest % 800;
            let exchange = if exchange % 100 == 11 { exchange + 1 } else { exchange };
            format!("{start}{exchange}{:04}", (rest >> 32) % 10_000)
        }
        // The subscriber's first digit decides what kind of number it is.
        "+44207" => format!("{start}{:07}", 1_000_000 + rest % 8_000_000),
        "+441614" => format!("{start}{:06}", 100_000 + rest % 800_000),
        "+3120" => format!("{start}{}{:06}", 5 + rest % 3, (rest >> 32) % 1_000_000),
        "+3491" => format!("{start}{:07}", 1_000_000 + rest % 8_000_000),
        "+813" => {
            format!("{start}{}{:07}", [3, 5, 6][(rest % 3) as usize], (rest >> 32) % 10_000_000)
        }
        "+55119" => format!("{start}{}{:07}", 6 + rest % 4, (rest >> 32) % 10_000_000),
        "+4930" | "+4989" => format!("{start}{:08}", 20_000_000 + rest % 70_000_000),
        start => format!("{start}{:0width$}", rest % 10_u64.pow(digits), width = digits as usize),
    }
}
