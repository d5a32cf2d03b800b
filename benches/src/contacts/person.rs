//! One contact: everything about it follows from the seed and its number.

use super::permutation::Permutation;
use super::phone;
use super::random::{Random, Skewed};
use super::words::{
    CITIES, COMPANY_DOMAINS, COMPANY_ENDS, COMPANY_STARTS, DEPARTMENTS, FIRST_NAMES, LAST_NAMES,
    PROVIDERS, TITLES,
};

/// How many contacts there can be: each has a number of its own in its address.
pub(super) const MOST_PEOPLE: u64 = 100_000_000;

/// A contact as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: String,
    pub(super) title: &'static str,
    pub(super) department: &'static str,
    pub(super) phone: String,
    pub(super) city: &'static str,
    pub(super) linkedin_url: String,
}

/// Everyone of one seed.
#[derive(Debug)]
pub(super) struct People {
    seed: u64,
    numbers: Permutation,
    first_names: Skewed,
    last_names: Skewed,
    titles: Skewed,
    departments: Skewed,
    cities: Skewed,
    providers: Skewed,
    companies: Skewed,
}

impl People {
    pub(super) fn new(seed: u64) -> Self {
        let companies = COMPANY_STARTS.len() * COMPANY_ENDS.len() * COMPANY_DOMAINS.len();
        Self {
            seed,
            numbers: Permutation::new(MOST_PEOPLE, seed),
            first_names: Skewed::new(FIRST_NAMES.len(), 8),
            last_names: Skewed::new(LAST_NAMES.len(), 8),
            titles: Skewed::new(TITLES.len(), 3),
            departments: Skewed::new(DEPARTMENTS.len(), 2),
            cities: Skewed::new(CITIES.len(), 3),
            providers: Skewed::new(PROVIDERS.len(), 1),
            companies: Skewed::new(companies, 5),
        }
    }

    /// The contact with this number, which must be below [`MOST_PEOPLE`].
    pub(super) fn person(&self, number: u64) -> Person {
        let mut random = Random::of(self.seed, number);
        let first_name = FIRST_NAMES[self.first_names.draw(&mut random)];
        let last_name = LAST_NAMES[self.last_names.draw(&mut random)];
        let email = self.email(number, first_name, last_name, &mut random);
        let title = TITLES[self.titles.draw(&mut random)];
        let department = match random.happens(20) {
            true => "",
            false => DEPARTMENTS[self.departments.draw(&mut random)],
        };
        let phone = if random.happens(40) { String::new() } else { phone::draw(&mut random) };
        let city = CITIES[self.cities.draw(&mut random)];
        let linkedin_url = match random.happens(50) {
            true => String::new(),
            false => profile(first_name, last_name, random.next()),
        };
        Person { first_name, last_name, email, title, department, phone, city, linkedin_url }
    }

    /// The contact some time later, with one or two attributes that are certainly others.
    pub(super) fn changed(&self, number: u64) -> Person {
        let mut person = self.person(number);
        let mut random = Random::of(!self.seed, number);
        let first = random.below(5);
        self.change(&mut person, first, &mut random);
        if random.happens(40) {
            self.change(&mut person, (first + 1 + random.below(4)) % 5, &mut random);
        }
        person
    }

    fn change(&self, person: &mut Person, which: u64, random: &mut Random) {
        match which {
            0 => person.title = another(&TITLES, &self.titles, person.title, random),
            1 => {
                person.department =
                    another(&DEPARTMENTS, &self.departments, person.department, random);
            }
            2 => person.city = another(&CITIES, &self.cities, person.city, random),
            3 => {
                let old = std::mem::take(&mut person.phone);
                while person.phone.is_empty() || person.phone == old {
                    person.phone = phone::draw(random);
                }
            }
            _ => {
                let old = std::mem::take(&mut person.linkedin_url);
                while person.linkedin_url.is_empty() || person.linkedin_url == old {
                    person.linkedin_url =
                        profile(person.first_name, person.last_name, random.next());
                }
            }
        }
    }

    fn email(&self, number: u64, first: &str, last: &str, random: &mut Random) -> String {
        // The digits before the @ are this contact's alone, and no name holds a digit.
        let digits = self.numbers.of(number);
        let (first, last) = (plain(first), plain(last));
        let name = match random.below(20) {
            0..12 => format!("{first}.{last}"),
            12..17 => format!("{}{last}", &first[..1]),
            _ => first,
        };
        let domain = if random.happens(40) {
            PROVIDERS[self.providers.draw(random)].to_owned()
        } else {
            let company = self.companies.draw(random);
            let ending = COMPANY_DOMAINS[company % COMPANY_DOMAINS.len()];
            let company = company / COMPANY_DOMAINS.len();
            let start = COMPANY_STARTS[company % COMPANY_STARTS.len()];
            format!("{start}{}.{ending}", COMPANY_ENDS[company / COMPANY_STARTS.len()])
        };
        let email = format!("{name}{digits}@{domain}");
        // Some sources write addresses in capitals.
        if random.happens(3) { email.to_uppercase() } else { email }
    }
}

fn another(
    words: &[&'static str],
    skewed: &Skewed,
    old: &str,
    random: &mut Random,
) -> &'static str {
    loop {
        let drawn = words[skewed.draw(random)];
        if drawn != old {
            return drawn;
        }
    }
}

fn profile(first: &str, last: &str, random: u64) -> String {
    format!("https://www.linkedin.com/in/{}-{}-{:08x}", plain(first), plain(last), random >> 32)
}

/// A name as addresses hold it: ASCII letters, in lower case.
fn plain(name: &str) -> String {
    name.chars()
        .filter_map(|letter| match letter {
            'a'..='z' => Some(letter),
            'A'..='Z' => Some(letter.to_ascii_lowercase()),
            'á' | 'ä' | 'Å' | 'å' | 'ã' => Some('a'),
            'é' | 'è' | 'ê' | 'ë' => Some('e'),
            'í' | 'ı' => Some('i'),
            'ó' | 'ö' | 'ø' | 'ō' => Some('o'),
            'ü' | 'ú' => Some('u'),
            'Ł' | 'ł' => Some('l'),
            'ś' => Some('s'),
            _ => None,
        })
        .collect()
}
