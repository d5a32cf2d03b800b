//! Who holds which match key, for the keys that a batch asks for.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Records by their place in the working set; nearly always none or one.
pub(super) type Found = SmallVec<[usize; 2]>;

/// The holders of keys, attribute by attribute.
#[derive(Debug, Default)]
pub(super) struct Holders {
    /// Only key attributes that a batch asks for, of which there are one or two.
    attributes: Vec<(usize, FxHashMap<String, Held>)>,
}

/// Who holds a key, and how many operations will still match by it.
#[derive(Debug, Default)]
struct Held {
    records: Found,
    askers: u32,
}

impl Holders {
    /// Takes in the keys that are asked for (sorted, without repeats), how many operations match
    /// by each, and who holds them as (place of the key, record).
    pub(super) fn take_in(
        &mut self,
        attribute: usize,
        keys: Vec<String>,
        askers: Vec<u32>,
        found: &[(usize, usize)],
    ) {
        let mut holders = FxHashMap::with_capacity_and_hasher(keys.len(), Default::default());
        let mut found = found.iter().peekable();
        for (place, (key, askers)) in keys.into_iter().zip(askers).enumerate() {
            let mut records = Found::new();
            while let Some((_, record)) = found.next_if(|(of, _)| *of == place) {
                records.push(*record);
            }
            holders.insert(key, Held { records, askers });
        }
        self.attributes.push((attribute, holders));
    }

    /// Every record that holds one of these keys, each once.
    pub(super) fn of<'k>(
        &self,
        attribute: usize,
        keys: impl Iterator<Item = Cow<'k, str>>,
    ) -> Found {
        let mut found = Found::new();
        let Some((_, holders)) = self.attributes.iter().find(|(known, _)| *known == attribute)
        else {
            return found;
        };
        keys.filter_map(|key| holders.get(&*key))
            .for_each(|held| add_new(&mut found, &held.records));
        found
    }

    /// The same for an operation that matches by these keys and is decided now.
    pub(super) fn answer<'k>(
        &mut self,
        attribute: usize,
        keys: impl Iterator<Item = Cow<'k, str>>,
    ) -> Found {
        let mut found = Found::new();
        for key in keys {
            let Some(held) = self.get_mut(attribute, &key) else { continue };
            held.askers = held.askers.saturating_sub(1);
            add_new(&mut found, &held.records);
        }
        found
    }

    /// Whether a key is asked for.
    pub(super) fn knows(&self, attribute: usize, key: &str) -> bool {
        self.get(attribute, key).is_some()
    }

    /// Notes that a record holds a key; says whether operations that are not decided yet match by
    /// it. A key that nobody asks for needs no entry.
    pub(super) fn add(&mut self, attribute: usize, key: &str, record: usize) -> bool {
        self.get_mut(attribute, key).is_some_and(|held| {
            held.records.push(record);
            held.askers > 0
        })
    }

    /// Notes that a record holds a key no more.
    pub(super) fn remove(&mut self, attribute: usize, key: &str, record: usize) {
        if let Some(held) = self.get_mut(attribute, key) {
            held.records.retain(|holder| *holder != record);
        }
    }

    fn get(&self, attribute: usize, key: &str) -> Option<&Held> {
        let (_, holders) = self.attributes.iter().find(|(known, _)| *known == attribute)?;
        holders.get(key)
    }

    fn get_mut(&mut self, attribute: usize, key: &str) -> Option<&mut Held> {
        let (_, holders) = self.attributes.iter_mut().find(|(known, _)| *known == attribute)?;
        holders.get_mut(key)
    }
}

/// Adds the records that are not among those found.
fn add_new(found: &mut Found, records: &[usize]) {
    for &record in records {
        if !found.contains(&record) {
            found.push(record);
        }
    }
}
