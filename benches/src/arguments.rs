//! `--name value` arguments of the small programs here.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The arguments of a program, each given once.
#[derive(Debug)]
pub struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// Reads the arguments of this process; only `known` names are accepted.
    ///
    /// # Errors
    /// A message that names the argument at fault.
    pub fn read(known: &[&str]) -> Result<Self, String> {
        Self::from_words(std::env::args().skip(1), known)
    }

    fn from_words(mut words: impl Iterator<Item = String>, known: &[&str]) -> Result<Self, String> {
        let mut given = BTreeMap::new();
        while let Some(word) = words.next() {
            let name =
                word.strip_prefix("--").filter(|name| known.contains(name)).ok_or_else(|| {
                    format!("unknown argument {word:?}; there are --{}", known.join(", --"))
                })?;
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            if given.insert(name.to_owned(), value).is_some() {
                return Err(format!("{word} is given twice"));
            }
        }
        Ok(Self(given))
    }

    /// The value of `--name`, or `otherwise`.
    ///
    /// # Errors
    /// If it is given and cannot be parsed.
    pub fn get<T: FromStr>(&self, name: &str, otherwise: T) -> Result<T, String> {
        match self.0.get(name) {
            Some(text) => text.parse().map_err(|_| format!("--{name} cannot be {text:?}")),
            None => Ok(otherwise),
        }
    }

    /// The value of `--name`, which must be there.
    ///
    /// # Errors
    /// If it is missing or cannot be parsed.
    pub fn require<T: FromStr>(&self, name: &str) -> Result<T, String> {
        let text = self.0.get(name).ok_or_else(|| format!("--{name} is missing"))?;
        text.parse().map_err(|_| format!("--{name} cannot be {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, String> {
        Arguments::from_words(words.iter().map(|word| (*word).to_owned()), &["rows", "out"])
    }

    #[test]
    fn names_must_be_known_complete_and_given_once() {
        let arguments = read(&["--rows", "3"]).unwrap();
        assert_eq!(arguments.require::<u64>("rows"), Ok(3));
        assert_eq!(arguments.get("out", 7), Ok(7));
        assert!(arguments.require::<String>("out").unwrap_err().contains("--out is missing"));
        for (words, expected) in [
            (&["--row", "3"][..], "unknown argument \"--row\""),
            (&["--rows"][..], "--rows needs a value"),
            (&["--rows", "1", "--rows", "2"][..], "given twice"),
        ] {
            assert!(read(words).unwrap_err().contains(expected));
        }
        assert!(read(&["--rows", "x"]).unwrap().get("rows", 0).unwrap_err().contains("\"x\""));
    }
}
