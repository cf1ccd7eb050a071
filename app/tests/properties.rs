//! What comes from outside is read as it was meant or refused with a reason, whatever it is: ids, faults, policies and
//! the timeline's events.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "properties/documents.rs"]
mod documents;
#[path = "properties/strategies.rs"]
mod strategies;

use http::{HeaderValue, Uri};
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::{
        Fault, FaultPlan, FaultSetting, FaultStatus,
        flat::{FlatFault, KindName, SpanName},
    },
    message::MessageId,
    operation::Layer,
    policy::RetryPolicy,
    timeline::{Event, EventId, TimelineSnapshot},
    wire::{WireFault, WireSetting},
};
use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use self::strategies::{event, flat, id, json, operation, plan, policy, wire};

/// Written as JSON and read again it is the same.
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(value).unwrap();
    let read = serde_json::from_str::<T>(&json).map_err(|error| TestCaseError::fail(format!("{error}: {json}")))?;
    prop_assert_eq!(&read, value);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_actor_id_is_taken_as_it_is_and_fits_into_a_path_or_is_refused_with_a_reason(text in id()) {
        match text.parse::<ActorId>() {
            Ok(id) => {
                prop_assert_eq!(id.as_str(), &text);
                comes_back(&id)?;
                let path: Uri = format!("http://lab/chat/{id}").parse().unwrap();
                prop_assert_eq!(path.path(), format!("/chat/{text}"));
            }
            Err(error) => prop_assert!(error.to_string().contains("actor id"), "{error}"),
        }
    }

    #[test]
    fn a_message_id_is_taken_as_it_is_and_fits_into_a_header_or_is_refused_with_a_reason(text in id()) {
        match MessageId::try_from(text.clone()) {
            Ok(id) => {
                let header = HeaderValue::from_str(id.as_str()).unwrap();
                prop_assert_eq!(header.to_str().unwrap(), &text);
                comes_back(&id)?;
            }
            Err(error) => prop_assert!(error.to_string().contains("1 to 64"), "{error}"),
        }
    }

    #[test]
    fn an_event_id_comes_back_as_it_was_written(epoch in any::<u64>(), seq in any::<u64>()) {
        let id = EventId { epoch, seq };
        prop_assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        comes_back(&id)?;
    }

    #[test]
    fn any_text_is_an_event_id_or_is_refused_with_a_reason(text in prop_oneof!["[0-9+-]{0,24}", "[0-9]{0,22}-[0-9]{0,22}", any::<String>()]) {
        match text.parse::<EventId>() {
            Ok(id) => prop_assert_eq!(id.to_string().parse::<EventId>().unwrap(), id),
            Err(error) => prop_assert!(error.to_string().contains("<epoch>-<number>"), "{error}"),
        }
    }

    #[test]
    fn every_event_comes_back_as_it_was_recorded(events in vec(event(), 0..8), epoch in any::<u64>()) {
        for event in &events {
            comes_back(event)?;
        }
        comes_back(&TimelineSnapshot { last: EventId { epoch, seq: events.len() as u64 }, events })?;
    }

    #[test]
    fn an_event_that_lacks_a_field_or_has_another_in_its_place_is_read_or_refused(event in event(), place in any::<prop::sample::Index>(), with in option::of(json())) {
        let Value::Object(mut fields) = serde_json::to_value(&event).unwrap() else { unreachable!() };
        let name = fields.keys().nth(place.index(fields.len())).unwrap().clone();
        match with {
            Some(value) => drop(fields.insert(name, value)),
            None => drop(fields.remove(&name)),
        }
        if let Err(error) = serde_json::from_value::<Event>(fields.into()) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn a_fault_is_taken_as_it_was_sent_or_refused_by_its_field(flat in flat()) {
        match Fault::try_from(flat.clone()) {
            Ok(fault) => {
                prop_assert_eq!(fault.check(), Ok(()));
                comes_back(&fault)?;
                let again = FlatFault::from(fault);
                prop_assert_eq!((again.operation, again.ms, again.percent), (flat.operation, flat.ms, flat.percent));
                prop_assert_eq!(again.kind, flat.kind.or(Some(KindName::Error)));
                prop_assert_eq!(again.layer, flat.layer.or(Some(Layer::Actor)));
                let spans = again.layer != Some(Layer::Wire);
                let usual = if spans { SpanName::First } else { SpanName::UntilOff };
                prop_assert_eq!(again.span, flat.span.or(Some(usual)));
                let counted = spans && again.span != Some(SpanName::UntilOff);
                prop_assert_eq!(again.attempts, counted.then(|| flat.attempts.unwrap_or(1)));
                prop_assert_eq!(fault.wire().is_some(), WireFault::try_from(again).is_ok());
            }
            Err(LabError { code, field, message }) => {
                let field = field.unwrap_or_default();
                prop_assert!(["operation", "kind", "ms", "percent", "seed", "span", "attempts", "layer"].contains(&field.as_str()), "{field}");
                prop_assert!(code == ErrorCode::InvalidField && message.starts_with(&field), "{message}");
            }
        }
    }

    #[test]
    fn a_switch_comes_back_as_it_was_set_and_every_attempt_meets_it(plan in plan(), on in any::<bool>(), with in any::<bool>(), attempts in vec((operation(), 100..7_000_u64), 0..40)) {
        let setting = FaultSetting { on, plan: with.then(|| plan.clone()) };
        comes_back(&setting)?;
        let mut status = FaultStatus::armed(plan).after(setting);
        let before = status.clone();
        for (operation, timeout_ms) in attempts {
            let hit = status.meet(operation, timeout_ms);
            prop_assert!(on || hit.is_none(), "what is off does nothing");
            prop_assert!(hit.is_none_or(|hit| hit.takes_ms(timeout_ms) <= timeout_ms), "{hit:?} outlasts {timeout_ms} ms");
            comes_back(&status)?;
        }
        prop_assert_eq!(status.rearmed(), before);
    }

    #[test]
    fn the_wire_comes_back_as_it_was_set(fault in option::of(wire())) {
        comes_back(&WireSetting { fault })?;
    }

    #[test]
    fn a_policy_comes_back_as_it_was_set(policy in policy()) {
        prop_assert_eq!(policy.check(), Ok(()));
        comes_back(&policy)?;
    }

    #[test]
    fn any_json_is_a_setting_or_is_refused_with_a_reason(json in json()) {
        let refused = [
            serde_json::from_value::<FaultSetting>(json.clone()).err(),
            serde_json::from_value::<FaultPlan>(json.clone()).err(),
            serde_json::from_value::<WireFault>(json.clone()).err(),
            serde_json::from_value::<WireSetting>(json.clone()).err(),
            serde_json::from_value::<RetryPolicy>(json.clone()).err(),
            serde_json::from_value::<Event>(json.clone()).err(),
            serde_json::from_value::<TimelineSnapshot>(json).err(),
        ];
        for error in refused.into_iter().flatten() {
            prop_assert!(!error.to_string().trim().is_empty());
        }
    }
}
