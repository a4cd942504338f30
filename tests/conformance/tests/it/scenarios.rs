//! The table of scenarios says something about every recording, and nothing about others.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_conformance::deviation::rules;
use greenroom_conformance::scenarios::{DEVIATIONS, NOT_APPLICABLE, SCENARIOS, Scenario, Stage};

use crate::recordings;

#[test]
fn every_recording_has_exactly_one_place() {
    let mut places: BTreeMap<String, Vec<&str>> =
        recordings::names().into_iter().map(|name| (name, Vec::new())).collect();
    let replayed = SCENARIOS.iter().flat_map(|s| s.transcripts().map(move |name| (name, s.name)));
    let set_aside = NOT_APPLICABLE.iter().map(|(name, _)| (*name, "not applicable"));
    for (name, place) in replayed.chain(set_aside) {
        places
            .get_mut(name)
            .unwrap_or_else(|| panic!("{place} names {name}, which is not recorded"))
            .push(place);
    }
    let wrong: Vec<_> = places.iter().filter(|(_, places)| places.len() != 1).collect();
    assert!(wrong.is_empty(), "recordings without exactly one place: {wrong:#?}");
}

#[test]
fn scenario_names_are_unique() {
    let names: BTreeSet<_> = SCENARIOS.iter().map(|s| s.name).collect();
    assert_eq!(names.len(), SCENARIOS.len());
    assert!(SCENARIOS.iter().all(|s| Scenario::named(s.name).is_some()));
}

#[test]
fn what_is_set_aside_or_postponed_says_why() {
    let set_aside = NOT_APPLICABLE.iter().map(|(_, why)| *why);
    let deviating = DEVIATIONS.iter().map(|(_, _, why)| *why);
    let postponed = SCENARIOS.iter().filter_map(|s| match s.stage {
        Stage::One => None,
        Stage::Later(why) => Some(why),
    });
    assert!(set_aside.chain(deviating).chain(postponed).all(|why| why.len() > 10));
}

#[test]
fn stage_one_covers_its_groups() {
    let later: BTreeSet<_> =
        SCENARIOS.iter().filter(|s| s.stage != Stage::One).flat_map(Scenario::transcripts).collect();
    for group in ["health-", "healthcheck-", "tasks-", "root-", "error-prod-", "error-unset-"] {
        let missing: Vec<_> = later.iter().filter(|name| name.starts_with(group)).collect();
        assert!(missing.is_empty(), "group {group} is not whole: {missing:?}");
    }
}

#[test]
fn each_rule_of_deviation_cites_a_row_of_the_page() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let missing: Vec<_> =
        rules().filter(|rule| !page.contains(&format!("\n| {} |", rule.row))).map(|rule| rule.row).collect();
    assert!(missing.is_empty(), "rows that the page lacks: {missing:#?}");
    let names: BTreeSet<_> = rules().map(|rule| rule.name).collect();
    assert_eq!(names.len(), rules().count(), "names are unique");
}
