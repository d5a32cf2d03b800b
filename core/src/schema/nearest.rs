//! The nearest right name, for hints.

/// The candidate most like `name`, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is longer than any name is no slip of one, and comparing it would take its time.
    const LONGEST: usize = 100;
    if name.len() > LONGEST {
        return None;
    }
    let lowered = name.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let likeness = strsim::jaro_winkler(&lowered, &other);
            // In a short name one slip changes most of it.
            let is_one_slip = strsim::osa_distance(&lowered, &other) <= 1;
            (likeness > 0.78 || is_one_slip).then_some((likeness, candidate))
        })
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_mistake_finds_its_name_and_noise_finds_none() {
        let names = ["first_name", "last_name", "primary_email"];
        assert_eq!(nearest("frist_name", names), Some("first_name"));
        assert_eq!(nearest("primary_mail", names), Some("primary_email"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(nearest("cvs", ["csv", "json"]), Some("csv"));
    }
}
