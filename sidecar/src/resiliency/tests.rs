//! Files, their defaults and their errors.

use std::time::Duration;

use super::*;
use crate::names::ActorRef;

fn document(spec: &str) -> String {
    format!("apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: r\nspec:\n{spec}\n")
}

fn set(spec: &str) -> Result<ResiliencySet, ResourceError> {
    ResiliencySet::from_documents([("r.yaml", document(spec))])
}

fn policy(spec: &str, store: &str) -> Policy {
    set(spec).expect("valid").store_policy("app", store).expect("valid")
}

fn problem(spec: &str) -> String {
    let error = set(spec).expect_err("must be refused");
    assert_eq!((error.file.as_str(), error.line), ("r.yaml", Some(1)), "{error}");
    error.problem
}

#[test]
fn what_a_file_leaves_out_has_daprs_defaults() {
    let policy = policy(
        "  policies:\n    timeouts: {t: '1500'}\n    retries: {r: {}}\n    circuitBreakers: {c: {}}\n  targets:\n    \
         components:\n      store:\n        outbound: {timeout: t, retry: r, circuitBreaker: c}",
        "store",
    );
    assert_eq!(policy.timeout, Some(Duration::from_millis(1500)), "a bare number is milliseconds");
    let retry = policy.retry.expect("retries");
    assert_eq!(retry.backoff, Backoff::Constant { delay: Duration::from_secs(5) });
    assert_eq!(retry.max_retries, None, "without end");
    let fuse = policy.circuit_breaker.expect("a breaker");
    assert_eq!((fuse.max_requests, fuse.interval, fuse.trip), (1, None, None));
    assert_eq!(fuse.timeout, Duration::from_secs(60));
}

#[test]
fn an_exponential_policy_has_a_limit_and_minus_one_is_without_end() {
    let spec = |retry: &str| {
        let targets = "  targets: {components: {store: {outbound: {retry: r}}}}";
        let policy = policy(&format!("  policies: {{retries: {{r: {retry}}}}}\n{targets}"), "store");
        policy.retry.expect("retries")
    };
    let retry = spec("{policy: Exponential, maxRetries: -1, duration: 9s}");
    assert_eq!(retry.backoff, Backoff::Exponential { max_interval: Duration::from_secs(60) });
    assert_eq!(retry.max_retries, None);
    let retry = spec("{policy: exponential, maxInterval: 2s, maxRetries: 0}");
    assert_eq!(retry.backoff, Backoff::Exponential { max_interval: Duration::from_secs(2) });
    assert_eq!(retry.max_retries, Some(0));
}

#[test]
fn the_closest_default_policy_is_used_where_no_target_is_named() {
    let retries = |names: &[&str]| -> String {
        let each = |(index, name): (usize, &&str)| format!("{name}: {{maxRetries: {}}}", index + 1);
        names.iter().enumerate().map(each).collect::<Vec<_>>().join(", ")
    };
    let used = |names: &[&str], targets: &str| {
        let spec = format!("  policies: {{retries: {{{}}}}}\n  targets: {targets}", retries(names));
        policy(&spec, "store").retry.and_then(|retry| retry.max_retries)
    };
    let all = [
        "DefaultRetryPolicy",
        "DefaultComponentRetryPolicy",
        "DefaultComponentOutboundRetryPolicy",
        "DefaultStatestoreComponentOutboundRetryPolicy",
    ];
    for count in 1..=4 {
        assert_eq!(used(&all[..count], "{}"), Some(count as u64));
    }
    assert_eq!(used(&["DefaultActorRetryPolicy", "DefaultPubsubComponentInboundRetryPolicy"], "{}"), None);
    assert_eq!(used(&all, "{components: {store: {inbound: {}}}}"), None, "a named target has no default");
    assert_eq!(used(&all, "{components: {other: {}}}"), Some(4));
}

#[test]
fn a_document_may_use_the_policies_of_another_and_scopes_choose() {
    let policies = document("  policies: {retries: {r: {maxRetries: 2}}}");
    let targets = document("  targets: {components: {store: {outbound: {retry: r}}}}").replace("name: r", "name: s");
    let both = ResiliencySet::from_documents([("a.yaml", format!("{policies}---\n{targets}"))]).expect("valid");
    assert_eq!(both.names().collect::<Vec<_>>(), ["r", "s"]);
    assert_eq!(both.store_policy("app", "store").expect("valid").attempts(), Some(3));

    let scoped = ResiliencySet::from_documents([
        ("a.yaml", format!("{policies}scopes: [app]\n")),
        ("b.yaml", format!("{targets}scopes: [app, other]\n")),
    ])
    .expect("valid");
    assert_eq!(scoped.store_policy("app", "store").expect("valid").attempts(), Some(3));
    assert!(scoped.store_policy("third", "store").expect("valid").is_none());
    let error = scoped.store_policy("other", "store").expect_err("its policies are not for this app");
    assert_eq!(error.file, "b.yaml");
    assert!(error.problem.contains("there is no policy \"r\""), "{error}");
}

#[test]
fn a_bad_file_is_refused_with_the_path_of_the_field() {
    let retry = |field: &str| format!("  policies: {{retries: {{fast: {{{field}}}}}}}");
    let breaker = |field: &str| format!("  policies: {{circuitBreakers: {{fuse: {{{field}}}}}}}");
    for (spec, part) in [
        (retry("duration: soon"), "spec.policies.retries.fast.duration: time: invalid duration \"soon\""),
        (retry("duration: [500]"), "spec.policies.retries.fast.duration: invalid type: sequence, expected a string"),
        (retry("duration: -1s"), "is negative"),
        (retry("maxRetries: many"), "spec.policies.retries.fast.maxRetries: invalid type: string \"many\""),
        (retry("policy: linear"), "spec.policies.retries.fast.policy: unexpected back off policy type: linear"),
        (
            retry("matching: {httpStatusCodes: '700'}"),
            "spec.policies.retries.fast.matching.httpStatusCodes: invalid pattern 700, start code 700 is not valid",
        ),
        (breaker("maxRequests: -1"), "spec.policies.circuitBreakers.fuse.maxRequests: invalid value"),
        (breaker("trip: failures > 3"), "spec.policies.circuitBreakers.fuse.trip: \"failures > 3\" asks for failures"),
        ("  policies: {timeouts: {t: 1x}}".into(), "spec.policies.timeouts.t: time: unknown unit \"x\""),
        (
            "  targets: {components: {store: {outbound: {retry: gone}}}}".into(),
            "spec.targets.components.store.outbound.retry: there is no policy \"gone\"",
        ),
        (
            "  targets: {components: {bus: {inbound: {timeout: gone}}}}".into(),
            "spec.targets.components.bus.inbound.timeout: there is no policy \"gone\"",
        ),
        (
            "  targets: {actors: {T: {circuitBreaker: fuse}}}".into(),
            "spec.targets.actors.T.circuitBreakerScope: actor circuit breakers must include scope",
        ),
        (
            "  targets: {actors: {T: {circuitBreaker: fuse, circuitBreakerScope: world}}}".into(),
            "unknown circuit breaker scope \"world\"",
        ),
        (
            "  targets: {actors: {T: {circuitBreaker: fuse, circuitBreakerScope: id}}}".into(),
            "spec.targets.actors.T.circuitBreaker: there is no policy \"fuse\"",
        ),
    ] {
        let problem = problem(&spec);
        assert!(problem.contains(part), "{spec}: {problem}");
    }
    let nameless = document("  policies: {}").replace("  name: r", "  labels: {}");
    let error = ResiliencySet::from_documents([("r.yaml", nameless)]).expect_err("no name");
    assert_eq!(error.problem, "metadata.name: the resource has no name");
    let other = document("  policies: {}").replace("Resiliency", "Component");
    let error = ResiliencySet::from_documents([("r.yaml", other)]).expect_err("another kind");
    assert_eq!(error.problem, "the document's kind is \"Component\"");
}

#[test]
fn what_dapr_passes_over_is_passed_over() {
    let set = set("  policies:\n    retries:\n      r: {initialInterval: 1s, multiplier: 2, maxRetries: 1}\n    \
         circuitBreakers:\n  targets:\n    apps: {other: {retry: nowhere}}\n    components: {store: {outbound: {retry: \
         r}, inbound: }}")
    .expect("valid");
    assert_eq!(set.store_policy("app", "store").expect("valid").attempts(), Some(2));
}

#[test]
fn a_built_in_policy_keeps_its_least_and_the_protected_one_itself() {
    let names = [
        ("DaprBuiltInServiceRetries", 3),
        ("DaprBuiltInInitializationRetries", 3),
        ("DaprBuiltInActorNotFoundRetries", 5),
    ];
    for (name, retries) in names {
        let spec = format!(
            "  policies: {{retries: {{{name}: {{maxRetries: 1}}}}}}\n  targets: {{components: {{store: {{outbound: \
             {{retry: {name}}}}}}}}}"
        );
        assert_eq!(policy(&spec, "store").attempts(), Some(retries + 1), "{name}");
    }
}

#[tokio::test]
async fn other_policies_end_the_old_ones_and_bad_ones_leave_them() {
    let spec = "  policies: {retries: {r: {maxRetries: 2}}}\n  targets: {components: {store: {outbound: {retry: r}}}}";
    let old = set(spec).expect("valid");
    let policies = old.compile("app").expect("valid");
    let resiliency = Resiliency::new("app".into(), vec!["store".into()], policies, Observation::default());
    assert_eq!(resiliency.store_policy("store").attempts(), Some(3));

    let scoped = ResiliencySet::from_documents([
        ("a.yaml", document("  policies: {retries: {q: {}}}") + "scopes: [other]\n"),
        ("b.yaml", document("  targets: {components: {store: {outbound: {retry: q}}}}")),
    ]);
    let refused = resiliency.set(Some(scoped.expect("valid for somebody")));
    assert!(refused.is_err());
    assert_eq!(resiliency.names(), ["r"]);

    let before = resiliency.in_force();
    resiliency.set(None).expect("nothing is always valid");
    assert!(before.replaced.is_cancelled());
    assert!(resiliency.store_policy("store").is_none());
    assert!(resiliency.names().is_empty());
}

#[test]
fn the_breakers_of_a_default_policy_are_bounded_whatever_types_callers_invent() {
    let set =
        set("  policies: {circuitBreakers: {DefaultActorCircuitBreakerPolicy: {maxRequests: 1}}}").expect("valid");
    let policies = set.compile("app").expect("valid");
    let resiliency = Resiliency::new("app".into(), vec![], policies, Observation::default());
    let remembered = || resiliency.in_force().policies.remembered_breakers();
    for n in 0..20_000 {
        resiliency.actor(&ActorRef::new(format!("Invented{n}"), "1"), false);
    }
    assert_eq!(remembered(), 0, "there is nothing behind a type that is not hosted");
    for n in 0..6_000 {
        resiliency.actor(&ActorRef::new(format!("Hosted{n}"), "1"), true);
    }
    assert_eq!(remembered(), 5_000);
}

#[test]
fn numbers_without_quotes_are_text_where_text_is_wanted() {
    let policy = policy(
        "  policies:\n    timeouts: {t: 1500}\n    retries:\n      r: {duration: 500, matching: {httpStatusCodes: 500, \
         gRPCStatusCodes: 400}}\n    circuitBreakers: {c: {interval: 0, timeout: 60s}}\n  targets: {components: {store: \
         {outbound: {timeout: t, retry: r, circuitBreaker: c}}}}",
        "store",
    );
    assert_eq!(policy.timeout, Some(Duration::from_millis(1500)));
    let retry = policy.retry.expect("retries");
    assert_eq!(retry.backoff, Backoff::Constant { delay: Duration::from_millis(500) });
    assert_eq!(retry.http_status_codes, Some(vec![500..=500]));
    assert_eq!(policy.circuit_breaker.expect("a breaker").interval, None);
}
