use super::*;
use crate::{fault::Fault, operation::Layer};

#[test]
fn every_file_is_a_scenario_under_its_own_name() {
    let parsed: Vec<_> = FILES.iter().map(|(name, text)| parse(name, text).unwrap()).collect();
    assert_eq!(parsed, all());
    for scenario in all() {
        assert_eq!(named(&scenario.name), Some(scenario));
        let texts = [&scenario.title, &scenario.brief, &scenario.action, &scenario.watch, &scenario.teaches];
        assert!(texts.iter().all(|text| !text.is_empty()), "{} says nothing", scenario.name);
        assert!(!scenario.steps.is_empty() && !scenario.ends.turns.is_empty());
    }
}

#[test]
fn what_a_scenario_uses_it_says_that_it_needs() {
    for scenario in all() {
        let steps = scenario.steps.iter();
        let wire = steps.clone().any(|step| matches!(step, ScenarioStep::Wire(_)));
        let switched = steps.filter_map(|step| match step {
            ScenarioStep::Switch(setting) => Some(setting),
            _ => None,
        });
        let faults = switched.chain([&scenario.switch]).filter_map(|setting| setting.plan.as_ref());
        let layers: Vec<_> = faults.flat_map(|plan| plan.faults()).map(Fault::layer).collect();
        let wire = wire || layers.contains(&Layer::Wire);
        assert_eq!(wire, scenario.needs.contains(&Need::Wire), "{}", scenario.name);
        let stored = layers.contains(&Layer::Store);
        assert_eq!(stored, scenario.needs.contains(&Need::StoreLayer), "{}", scenario.name);
    }
}

#[test]
fn a_lab_without_what_is_needed_is_told_what_to_do() {
    let outage = named("redis-outage").unwrap();
    assert!(outage.missing(&[Need::StoreLayer]).unwrap().contains("--dapr"));
    assert_eq!(outage.missing(&[Need::Wire]), None);
}

#[test]
fn a_file_with_an_unknown_step_or_field_is_refused() {
    let text = FILES[0].1;
    assert!(parse("x", &text.replace("\"send\"", "\"sing\"")).unwrap_err().message.contains("sing"));
    assert!(parse("x", &text.replace("\"watch\"", "\"look\"")).unwrap_err().message.contains("look"));
    assert!(parse("x", "{").is_err());
}

#[test]
fn how_long_an_actor_idles_is_not_said_in_a_file() {
    let idling: Vec<_> = all().iter().filter(|scenario| scenario.idles()).map(|scenario| &scenario.name).collect();
    assert_eq!(idling, ["after-idling"]);
    for (name, text) in FILES {
        assert!(!text.contains("minute") && !text.contains("60 s"), "{name}: the lab may be set to another time");
    }
}
