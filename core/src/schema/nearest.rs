//! The nearest right name, for hints.

/// The candidate most like `name`, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lowered = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lowered, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.78)
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
    }
}
