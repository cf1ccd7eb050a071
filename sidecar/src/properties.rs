//! What comes from outside is read as it says or refused with a reason, whatever it is: resource files and times.

use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::names::ActorRef;
use crate::observation::Observation;
use crate::resiliency::Resiliency;
use crate::{Backoff, Policy, ResiliencySet, ResourceError, Resources, duration};

/// Pieces that resource files are made of, and pieces that spoil them.
const PIECES: [&str; 48] = [
    "apiVersion: dapr.io/v1alpha1\n",
    "kind: Component\n",
    "kind: Subscription\n",
    "kind: Resiliency\n",
    "kind: ",
    "metadata:\n  name: a\n",
    "metadata: {name: ''}\n",
    "spec:\n",
    "  type: state.sqlite\n",
    "  version: v1\n",
    "  metadata:\n",
    "  - name: x\n",
    "    value: 1\n",
    "    value: [1, {}]\n",
    "    envRef: NO_SUCH_VARIABLE\n",
    "    secretKeyRef: {name: s}\n",
    "scopes: [app]\n",
    "scopes: 1\n",
    "  topic: t\n  pubsubname: p\n",
    "  routes: {rules: [{match: 'event.type == \"x\"', path: /x}]}\n",
    "  route: /r\n",
    "  policies:\n",
    "    timeouts: {a: 5s}\n",
    "    timeouts: {a: 99999999999999999999h}\n",
    "    retries: {r: {duration: 1s}}\n",
    "    retries: {r: {policy: exponential, maxRetries: -1}}\n",
    "    circuitBreakers: {c: {trip: '1 > 0'}}\n",
    "    circuitBreakers: {c: {trip: '((((('}}\n",
    "  targets:\n",
    "    actors: {T: {retry: r}}\n",
    "    components: {s: {outbound: {timeout: a}}}\n",
    "---\n",
    "--- ",
    "...\n",
    "%YAML 1.2\n",
    "#",
    " ",
    "\n",
    "\t",
    ": ",
    "- ",
    "[",
    "{",
    "&a ",
    "*a ",
    "!!binary ",
    "|\n",
    "\u{feff}",
];

/// Whole files of each kind, to be spoiled in one place.
const FILES: [&str; 3] = [
    "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: store\nspec:\n  type: state.sqlite\n  version: \
     v1\n  metadata:\n  - name: connectionString\n    value: lab.db\n  - name: actorStateStore\n    value: true\nscopes: \
     [app]\n",
    "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata:\n  name: s\nspec:\n  pubsubname: p\n  topic: t\n  \
     routes:\n    rules:\n    - match: event.type == \"a\"\n      path: /a\n    default: /b\n",
    "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: r\nspec:\n  policies:\n    timeouts: {slow: \
     2s}\n    retries:\n      thrice: {policy: constant, duration: 1s, maxRetries: 3}\n    circuitBreakers:\n      fuse: \
     {maxRequests: 1, timeout: 10s, trip: consecutiveFailures >= 5}\n  targets:\n    components:\n      statestore:\n      \
     \x20 outbound: {timeout: slow, retry: thrice, circuitBreaker: fuse}\n",
];

/// A file: of any characters, put together from pieces, or a good one with something in it replaced.
fn file() -> impl Strategy<Value = String> {
    let pieces = vec(select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat());
    let spoiled = (
        select(&FILES[..]),
        any::<Index>(),
        any::<Index>(),
        prop_oneof![select(&PIECES[..]).prop_map(str::to_owned), "\\PC{0,6}"],
    )
        .prop_map(|(file, from, to, with)| {
            let (from, to) = (from.index(file.len()), to.index(file.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from + 12));
            format!("{}{with}{}", &file[..from.min(to)], &file[to.max(from)..])
        });
    prop_oneof![any::<String>(), pieces, spoiled, deep()]
}

/// A file in which something is nested more deeply than anybody would write it.
fn deep() -> impl Strategy<Value = String> {
    let yaml =
        (select(&["[", "{a: ", "- ", "? ", "a: [", "!x "][..]), 1..20_000_usize).prop_map(|(piece, n)| piece.repeat(n));
    let expressions =
        (select(&["(", "!", "-", "[", "{1:", "a ? a : ", "f(", "a.b(", "a["][..]), 1..20_000_usize, any::<bool>());
    let expressions = expressions.prop_map(|(piece, n, trip)| {
        let expression = piece.repeat(n);
        if trip {
            FILES[2].replace("consecutiveFailures >= 5", &format!("{expression:?}"))
        } else {
            FILES[1].replace("event.type == \"a\"", &format!("{expression:?}"))
        }
    });
    prop_oneof![yaml, expressions]
}

/// A reason that a person can do something with.
fn assert_helpful(error: &ResourceError, file: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(&error.file, "a.yaml");
    prop_assert!(!error.problem.trim().is_empty() && !error.remedy.is_empty(), "{:?}", error);
    prop_assert!(!error.problem.contains('\n'), "one line: {:?}", error);
    let lines = 1 + file.matches('\n').count() as u64;
    prop_assert!(error.line.is_none_or(|line| (1..=lines + 1).contains(&line)), "{:?} of {} lines", error, lines);
    Ok(())
}

/// Asks everything of policies that have been read.
fn use_all(set: &ResiliencySet) {
    let Ok(policies) = set.compile("app") else { return };
    let resiliency = Resiliency::new("app".into(), vec![], policies, Observation::default());
    for name in ["s", "statestore", "x"] {
        let policy = resiliency.store_policy(name);
        policy.attempts();
        policy.longest(Duration::from_secs(60));
        resiliency.store(name);
        resiliency.delivery(name);
    }
    for kind in ["T", "x"] {
        resiliency.actor(&ActorRef::new(kind, "1"), true);
    }
}

/// A time as a policy may have it: what is nothing would stand for the default.
fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![1..10_000_u64, 1..(i64::MAX as u64)].prop_map(Duration::from_nanos)
}

fn backoff() -> impl Strategy<Value = Backoff> {
    prop_oneof![
        time().prop_map(|delay| Backoff::Constant { delay }),
        time().prop_map(|max_interval| Backoff::Exponential { max_interval }),
    ]
}

/// A `Resiliency` document with one policy around one store.
fn document(name: &str, timeout: Duration, backoff: Backoff, retries: Option<u32>, cache: u64) -> String {
    let mut retry = match backoff {
        Backoff::Constant { delay } => json!({"policy": "constant", "duration": duration::show(delay)}),
        Backoff::Exponential { max_interval } => {
            json!({"policy": "exponential", "maxInterval": duration::show(max_interval)})
        }
    };
    retry["maxRetries"] = retries.map_or(-1, i64::from).into();
    let names = json!({"timeout": name, "retry": name});
    let actor = json!({"circuitBreaker": name, "circuitBreakerScope": "id", "circuitBreakerCacheSize": cache});
    let document = json!({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Resiliency", "metadata": {"name": name},
        "spec": {
            "policies": {
                "timeouts": {name: duration::show(timeout)}, "retries": {name: retry},
                "circuitBreakers": {name: {"maxRequests": 1}},
            },
            "targets": {"components": {"s": {"outbound": names}}, "actors": {"T": actor}},
        },
    });
    serde_json::to_string_pretty(&document).expect("JSON, which is YAML too")
}

/// Printable text, in which YAML and JSON agree.
fn text() -> impl Strategy<Value = String> {
    "[ -~äß漢🎉]{0,20}"
}

/// Six times the usual 256 cases; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: 6 * usual.cases, failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_resource_file_is_read_or_refused_with_a_place_and_a_remedy(file in file()) {
        match Resources::from_documents([("a.yaml", &file)]) {
            Ok(resources) => use_all(resources.resiliency()),
            Err(error) => assert_helpful(&error, &file)?,
        }
        match ResiliencySet::from_documents([("a.yaml", &file)]) {
            Ok(set) => use_all(&set),
            Err(error) => assert_helpful(&error, &file)?,
        }
    }

    #[test]
    fn a_policy_is_read_as_it_was_written(
        name in "[a-z][a-zA-Z0-9 .-]{0,12}", timeout in time(), backoff in backoff(),
        retries in proptest::option::of(any::<u32>()), cache in any::<u64>(),
    ) {
        let text = document(&name, timeout, backoff, retries, cache);
        let set = ResiliencySet::from_documents([("a.yaml", &text)]).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(set.names().collect::<Vec<_>>(), [name.as_str()]);
        use_all(&set);
        let Policy { timeout: read, retry: Some(retry), .. } = set.store_policy("app", "s")? else {
            return Err(TestCaseError::fail(text));
        };
        prop_assert_eq!((read, retry.backoff, retry.max_retries), (Some(timeout), backoff, retries.map(u64::from)));
    }

    #[test]
    fn a_component_is_read_as_it_was_written(
        name in "[ -~äß漢🎉]{1,20}", kind in text(), version in text(),
        metadata in btree_map("[a-z]{1,8}", text(), 0..5), scopes in vec(text(), 0..3), last in any::<bool>(),
    ) {
        let entries: Vec<Value> = metadata.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let document = json!({
            "apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": name}, "scopes": scopes,
            "spec": {"type": kind, "version": version, "metadata": entries},
        });
        let document = if last { format!("---\n{document}") } else { format!("{document:#}\n--- # next\n") };
        let resources = Resources::from_documents([("a.yaml", &document)]).map_err(|error| TestCaseError::fail(format!("{error}: {document}")))?;
        let [component] = &resources.components[..] else { return Err(TestCaseError::fail(document)) };
        prop_assert_eq!((&component.name, &component.kind, &component.scopes), (&name, &kind, &scopes));
        prop_assert_eq!(&component.version, if version.is_empty() { "v1" } else { &version });
        for (name, value) in &metadata {
            prop_assert_eq!(component.get(&name.to_ascii_uppercase()), Some(value.as_str()));
        }
    }

    #[test]
    fn a_time_is_read_as_it_was_written(nanos in prop_oneof![0..5_000_000_000_u64, 0..=(i64::MAX as u64)]) {
        let time = Duration::from_nanos(nanos);
        prop_assert_eq!(duration::parse(&duration::show(time)), Ok(time));
    }

    #[test]
    fn any_time_is_one_that_go_knows_or_is_refused_with_a_reason(
        text in prop_oneof![any::<String>(), "[+-]?([0-9.]{0,21}(h|m|s|ms|us|µs|ns|x|)){0,4}", "[0-9]{1,21}h"],
    ) {
        match duration::parse(&text) {
            Ok(time) => prop_assert!(time.as_nanos() <= i64::MAX as u128, "{text:?} is {time:?}, too long for Go"),
            Err(error) => prop_assert!(error.contains("time: "), "{error}"),
        }
    }
}
