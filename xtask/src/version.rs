//! Versions, as far as they are compared: by their first two numbers.

/// `1` and `26` of `go version go1.26.8 linux/amd64`: the first two numbers of the first version in a text.
pub(crate) fn of(text: &str) -> Option<(u32, u32)> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    words.filter(|word| word.contains('.')).find_map(|word| {
        let mut numbers = word.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_print_and_compared_by_number() {
        assert_eq!(of("v20.20.2"), Some((20, 20)));
        assert_eq!(of("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert_eq!(of("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(of("go1.27rc1"), Some((1, 27)));
        assert_eq!(of("no version."), None);
        assert!(of("1.100.0") > of("1.95"));
    }
}
