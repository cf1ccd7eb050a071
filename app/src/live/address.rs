//! What the address says of the page, so that it can be shared: the selected bar, the moment that is drawn, whether the
//! page is laid out for a room.

use serde::{Deserialize, Serialize};

/// The part of the address after the question mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `bar=t2-load-1`: the name of the selected bar.
    pub bar: Option<String>,
    /// `at=17`: the number of the last event that is drawn.
    pub at: Option<u64>,
    /// `present`, with any value or none.
    pub present: bool,
}

impl Address {
    /// The names of the parts.
    pub const PARTS: [&str; 3] = ["bar", "at", "present"];

    /// Reads the parts; `part` gives the value of each.
    pub fn read(part: impl Fn(&str) -> Option<String>) -> Self {
        let [bar, at, present] = Self::PARTS.map(part);
        Self { bar, at: at.and_then(|at| at.parse().ok()), present: present.is_some() }
    }

    /// The values of the parts, in the order of their names.
    pub fn values(&self) -> [Option<String>; 3] {
        [self.bar.clone(), self.at.map(|at| at.to_string()), self.present.then(String::new)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let address = Address { bar: Some("t1-load-1".to_owned()), at: Some(17), present: true };
        let values = address.values();
        let part = |name: &str| {
            let place = Address::PARTS.iter().position(|part| *part == name)?;
            values[place].clone()
        };
        assert_eq!(Address::read(part), address);
        assert_eq!(Address::read(|_| None), Address::default());
        assert_eq!(Address::read(|name| (name == "at").then(|| "soon".to_owned())).at, None);
    }
}
