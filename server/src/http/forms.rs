//! Plain forms, posted without script: what was refused comes back as it was typed. The address carries it, so nothing
//! is kept for it here, and nobody else sees it.

use app::{error::ServerError, typed::Typed};
use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT, CONTENT_TYPE, LOCATION, REFERER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::server_fn::error::ServerFnUrlError;
use model::{
    actor_id::{ActorId, LESSON_ACTOR},
    error::{ErrorCode, LabError},
};
use url::{Position, Url, form_urlencoded};

use super::{MAX_BODY_BYTES, error::ApiError, extract::whole_body};

/// The most bytes of a form that are read, so that a message that is far too long can be told so.
const MAX_READ_BYTES: usize = 1024 * 1024;
/// The most bytes of an address that what was typed may take: servers on the way take 16 KiB at least.
const MAX_CARRIED_BYTES: usize = 12 * 1024;
/// The field of a form that is posted for one row more or less, and not to be set.
const ROWS: &str = "rows";

/// The most fields that are read of a form that is too large to be taken: a form of the lab has far fewer, and one of
/// nothing but fields would be some eighty times its size in memory.
const MOST_FIELDS: usize = 512;

type Fields = Vec<(String, String)>;

/// Lets a plain form that is refused come back as it was typed; one that is not leaves nothing in the address.
pub(crate) async fn keep_typed(request: Request, next: Next) -> Response {
    if !is_plain_form(&request) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let body = match whole_body(body, MAX_READ_BYTES).await {
        Ok(body) => body,
        Err(error) => return ApiError(error).into_response(),
    };
    let fields = fields(&body);
    let mut response = if body.len() > MAX_BODY_BYTES {
        refuse(&path, &parts.headers)
    } else {
        next.run(Request::from_parts(parts, Body::from(body))).await
    };
    let back = response.headers().get(LOCATION).and_then(|to| back(to.to_str().ok()?, &path, fields));
    if let Some(back) = back {
        response.headers_mut().insert(LOCATION, back);
    }
    response
}

/// The fields of a form; of one with more than any form of the lab has, the first.
fn fields(body: &[u8]) -> Fields {
    form_urlencoded::parse(body).into_owned().take(MOST_FIELDS).collect()
}

fn is_plain_form(request: &Request) -> bool {
    let is = |name, part: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.contains(part))
    };
    request.method() == Method::POST
        && request.uri().path().starts_with("/api/")
        && is(ACCEPT, "text/html")
        && is(CONTENT_TYPE, "application/x-www-form-urlencoded")
}

fn too_large() -> LabError {
    LabError::new(ErrorCode::TooLarge, "The form is over 64 KiB, which is the most a lab takes. Write less.")
}

/// Back to the page with the error, as the server functions do it.
fn refuse(path: &str, headers: &HeaderMap) -> Response {
    let from = headers.get(REFERER).and_then(|from| from.to_str().ok()).unwrap_or_default();
    let error = ServerFnUrlError::new(path, ServerError(too_large()));
    match error.to_url(from).ok().and_then(|to| HeaderValue::from_str(to.as_str()).ok()) {
        Some(to) => (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
        None => ApiError(too_large()).into_response(),
    }
}

/// Where a plain form goes back to, with what was typed if the page is to show it again. What an earlier form left in
/// the address goes.
fn back(location: &str, path: &str, fields: Fields) -> Option<HeaderValue> {
    // Without a referrer it is a path alone.
    let nowhere = Url::parse("http://nowhere.invalid").ok()?;
    let mut to = nowhere.join(location).ok()?;
    let ours = ["__path", "__err", Typed::PART];
    let mut kept: Fields = to.query_pairs().into_owned().collect();
    let error = kept.iter().rfind(|(name, _)| name == "__err").cloned();
    kept.retain(|(name, _)| !ours.contains(&name.as_str()));
    // A browser leaves the path of a referrer away that is over 4 KiB long.
    if let Some(actor) = fields.iter().find(|(name, _)| name == "actor").and_then(|(_, id)| id.parse::<ActorId>().ok())
        && to.path() == "/"
        && actor.as_str() != LESSON_ACTOR
    {
        to.set_path(&format!("/lab/{actor}"));
    }
    to.set_query(None);
    if !kept.is_empty() {
        to.query_pairs_mut().extend_pairs(kept);
    }
    if error.is_some() || fields.iter().any(|(name, _)| name == ROWS) {
        let typed = carried(fields);
        to.query_pairs_mut().append_pair("__path", path).extend_pairs(error).append_pair(Typed::PART, &typed);
    }
    let to = if to.origin() == nowhere.origin() { &to[Position::BeforePath..] } else { to.as_str() };
    HeaderValue::from_str(to).ok()
}

/// What was typed, as the address carries it: the longest texts are cut if it is too much, and nothing is carried where
/// the names of the fields alone are. Takes a time that grows with the size of the form and no faster: whoever posts it
/// decides how many fields it has, and how long their names are.
fn carried(mut fields: Fields) -> String {
    fields.retain(|(name, _)| name != "actor");
    let whole = json(&fields);
    if encoded(&whole) <= MAX_CARRIED_BYTES {
        return whole;
    }
    // What is there without a text, and the note of what was cut at its longest.
    let note = (Typed::CUT.to_owned(), usize::MAX.to_string());
    let bare: Fields = fields.iter().map(|(name, _)| (name.clone(), String::new())).chain([note]).collect();
    let Some(room) = MAX_CARRIED_BYTES.checked_sub(encoded(&json(&bare))) else { return json(&Fields::new()) };
    let most = level(fields.iter().map(|(_, text)| text.chars().map(carried_char).sum()).collect(), room);
    let mut cut = 0;
    for (_, text) in &mut fields {
        let mut size = 0;
        let fits = |(_, char): &(usize, char)| {
            size += carried_char(*char);
            size > most
        };
        if let Some((end, _)) = text.char_indices().find(fits) {
            cut += text[end..].chars().count();
            text.truncate(end);
        }
    }
    fields.push((Typed::CUT.to_owned(), cut.to_string()));
    json(&fields)
}

/// The most that each of these sizes may be for all of them to fit into `room`: the largest are cut to one size.
fn level(mut sizes: Vec<usize>, mut room: usize) -> usize {
    sizes.sort_unstable();
    let mut left = sizes.len();
    for size in sizes {
        if size > room / left {
            return room / left;
        }
        room -= size;
        left -= 1;
    }
    usize::MAX
}

fn json(fields: &Fields) -> String {
    serde_json::to_string(fields).unwrap_or_default()
}

/// How many bytes a text takes in an address.
fn encoded(text: &str) -> usize {
    form_urlencoded::byte_serialize(text.as_bytes()).map(str::len).sum()
}

/// How many bytes a character takes within a text in JSON in an address.
fn carried_char(char: char) -> usize {
    let quotes = 2 * encoded("\"");
    let mut buffer = [0; 4];
    serde_json::to_string(&*char.encode_utf8(&mut buffer)).map_or(0, |json| encoded(&json) - quotes)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    /// The path and the query that a form goes back to.
    fn goes_back(location: &str, pairs: &[(&str, &str)]) -> (String, Fields) {
        let to = back(location, "/api/set_policy", fields(pairs)).unwrap();
        let to = Url::parse("http://localhost:8000").unwrap().join(to.to_str().unwrap()).unwrap();
        (to.path().to_owned(), to.query_pairs().into_owned().collect())
    }

    #[test]
    fn a_form_that_was_taken_leaves_nothing_in_the_address() {
        let (path, query) =
            goes_back("http://localhost:8000/lab/a?scenario=flaky&__typed=%5B%5D&present=#x", &[("actor", "a")]);
        assert_eq!((path.as_str(), query), ("/lab/a", fields(&[("scenario", "flaky"), ("present", "")])));
    }

    #[test]
    fn a_refused_form_carries_its_own_fields_and_its_own_error_alone() {
        let before = "http://localhost:8000/lab/a?__path=/api/set_fault&__err=old&__typed=old&__path=x&__err=new";
        let (_, query) = goes_back(before, &[("actor", "a"), ("policy[seed]", "-1&é\"")]);
        let typed = r#"[["policy[seed]","-1&é\""]]"#;
        assert_eq!(query, fields(&[("__path", "/api/set_policy"), ("__err", "new"), ("__typed", typed)]));
    }

    #[test]
    fn a_form_posted_for_one_more_row_comes_back_without_an_error() {
        let (_, query) = goes_back("http://localhost:8000/lab/a", &[("rows", "add")]);
        assert_eq!(query, fields(&[("__path", "/api/set_policy"), ("__typed", r#"[["rows","add"]]"#)]));
    }

    #[test]
    fn without_a_referrer_the_form_itself_knows_its_lab() {
        assert_eq!(goes_back("/", &[("actor", "ada")]).0, "/lab/ada");
        assert_eq!(goes_back("http://localhost:8000/?__err=x", &[("actor", "ada")]).0, "/lab/ada");
        assert_eq!(goes_back("/", &[("actor", "user1")]).0, "/");
        assert_eq!(goes_back("/", &[("actor", "//evil.example")]).0, "/");
        assert!(back("/", "/api/set_policy", fields(&[])).unwrap().to_str().unwrap().starts_with('/'));
    }

    #[test]
    fn a_text_that_is_too_long_for_an_address_is_cut_at_a_character_and_says_so() {
        let long = "né\n".repeat(9_000);
        let typed: Fields = serde_json::from_str(&carried(fields(&[("content", &long), ("on", "on")]))).unwrap();
        let kept = &typed[0].1;
        assert!(long.starts_with(kept.as_str()) && kept.len() > 1_000, "{}", kept.len());
        assert_eq!(typed[1], ("on".to_owned(), "on".to_owned()));
        let cut: usize = typed[2].1.parse().unwrap();
        assert_eq!((typed[2].0.as_str(), kept.chars().count() + cut), (Typed::CUT, long.chars().count()));
        let encoded: usize =
            form_urlencoded::byte_serialize(carried(fields(&[("content", &long)])).as_bytes()).map(str::len).sum();
        assert!((MAX_CARRIED_BYTES * 3 / 4..=MAX_CARRIED_BYTES).contains(&encoded), "{encoded}");
    }

    /// What is carried of these fields, and how many bytes it takes in an address.
    fn carry(fields: &Fields) -> (Fields, usize) {
        let typed = carried(fields.clone());
        (serde_json::from_str(&typed).unwrap(), encoded(&typed))
    }

    #[test]
    fn of_a_form_of_nothing_but_fields_a_few_hundred_are_read() {
        let many = "a&".repeat(MAX_READ_BYTES / 2);
        assert_eq!(super::fields(many.as_bytes()).len(), MOST_FIELDS);
        assert_eq!(super::fields(b"a=1&b=%20"), fields(&[("a", "1"), ("b", " ")]));
    }

    #[test]
    fn names_that_fill_an_address_by_themselves_carry_nothing() {
        let named = |length: usize| fields(&[("rows", "add"), ("actor", "x"), (&"a".repeat(length), "typed")]);
        let fits = named(MAX_CARRIED_BYTES - 200);
        assert_eq!(carry(&fits).0, [fits[0].clone(), fits[2].clone()], "as long as they fit, they are carried");
        for length in [MAX_CARRIED_BYTES, MAX_BODY_BYTES] {
            assert_eq!(carried(named(length)), "[]", "{length}");
        }
        let many = vec![(String::new(), "x".to_owned()); MAX_BODY_BYTES / 3];
        assert_eq!(carried(many), "[]");
    }

    #[test]
    fn several_long_texts_are_cut_to_one_length_and_short_ones_stay() {
        let (long, longer) = ("x".repeat(9_000), "\"".repeat(30_000));
        let (typed, size) = carry(&fields(&[("a", &long), ("b", "short"), ("c", &longer)]));
        assert_eq!(typed[1].1, "short");
        let sizes = [0, 2].map(|n: usize| typed[n].1.chars().map(carried_char).sum::<usize>());
        assert!(sizes[0].abs_diff(sizes[1]) < 6, "{sizes:?}");
        assert!((MAX_CARRIED_BYTES - 100..=MAX_CARRIED_BYTES).contains(&size), "{size}");
        let kept: usize = [0, 2].map(|n: usize| typed[n].1.len()).iter().sum();
        assert_eq!(typed[3], (Typed::CUT.to_owned(), (39_000 - kept).to_string()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

        #[test]
        fn whatever_was_typed_fits_and_is_a_beginning_of_it(
            typed in vec((prop_oneof!["[a-z\\[\\]]{0,9}", "\\PC{0,200}"], prop_oneof!["\\PC{0,20}", ("\\PC{0,9}", 0..2_000_usize).prop_map(|(text, n)| text.repeat(n))]), 0..20)
        ) {
            let (kept, size) = carry(&typed);
            prop_assert!(size <= MAX_CARRIED_BYTES, "{size}");
            let typed: Fields = typed.into_iter().filter(|(name, _)| name != "actor").collect();
            for ((name, text), (kept_name, kept)) in typed.iter().zip(&kept) {
                prop_assert!(name == kept_name && text.starts_with(kept.as_str()), "{name}");
            }
            prop_assert!(kept.is_empty() || kept.len() >= typed.len());
        }
    }
}
