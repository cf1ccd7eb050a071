//! What was typed into a plain form that came back to be corrected: carried by the address, so that nothing is kept for
//! it on the server.

use serde::{Deserialize, Serialize};

/// A field of a form: its name there, and its place.
pub type Part<T> = (&'static str, fn(&mut T) -> &mut String);

/// The fields of the form that led here, with the path that it was posted to. Empty on most pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    path: String,
    fields: Vec<(String, String)>,
}

impl Typed {
    /// The part of the address that carries it, as a list of names and texts in JSON.
    pub const PART: &str = "__typed";
    /// Not a field of a form: how many characters of its longest text did not fit into the address.
    pub const CUT: &str = "__cut";

    /// Reads what the address carries. What cannot be read is nothing: anybody can write an address.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn read(path: Option<String>, part: Option<String>) -> Self {
        let fields = part.and_then(|part| serde_json::from_str(&part).ok());
        path.zip(fields).map(|(path, fields)| Self { path, fields }).unwrap_or_default()
    }

    /// Whether it is of the form that is posted to `path`.
    #[must_use]
    pub fn is_of(&self, path: &str) -> bool {
        self.path == path
    }

    /// The text of a field, if that form was posted with it.
    #[must_use]
    pub fn text(&self, path: &str, name: &str) -> Option<&str> {
        let fields = if self.is_of(path) { &self.fields[..] } else { &[] };
        fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    /// The fields `outer[…]` of a form; `None` if it was not posted with any of them.
    #[must_use]
    pub fn form<T: Default>(&self, path: &str, outer: &str, parts: &[Part<T>]) -> Option<T> {
        let mut form = None;
        for (name, place) in parts {
            if let Some(text) = self.text(path, &format!("{outer}[{name}]")) {
                text.clone_into(place(form.get_or_insert_default()));
            }
        }
        form
    }

    /// What to say of a text that is too long for an address; empty if it is whole.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn cut(&self) -> String {
        self.text(&self.path, Self::CUT)
            .map(|cut| format!(" Its last {cut} characters did not fit into the address and are lost here."))
            .unwrap_or_default()
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    const PARTS: [Part<(String, String)>; 2] = [("a", |pair| &mut pair.0), ("b", |pair| &mut pair.1)];

    fn typed(fields: &str) -> Typed {
        Typed::read(Some("/api/set".to_owned()), Some(fields.to_owned()))
    }

    #[test]
    fn a_form_is_read_back_by_the_names_of_its_fields() {
        let typed = typed(r#"[["pair[b]","é\n\"2\""],["c","3"]]"#);
        assert_eq!(typed.form("/api/set", "pair", &PARTS), Some((String::new(), "é\n\"2\"".to_owned())));
        assert_eq!(typed.text("/api/set", "c"), Some("3"));
        assert_eq!(typed.form("/api/set", "other", &PARTS), None);
        assert_eq!(typed.text("/api/send", "c"), None, "another form has nothing of it");
    }

    #[test]
    fn an_address_that_somebody_made_up_carries_nothing() {
        for fields in ["", "soon", "{}", "[[1,2]]", r#"[["a"]]"#] {
            assert_eq!(typed(fields), Typed::default(), "{fields}");
        }
        assert_eq!(Typed::read(None, Some("[]".to_owned())), Typed::default());
    }

    #[test]
    fn a_text_that_was_cut_says_so() {
        assert_eq!(typed("[]").cut(), "");
        assert!(typed(r#"[["content","x"],["__cut","1200"]]"#).cut().contains("last 1200 characters"));
    }
}
