//! The recordings of this package.

use std::collections::BTreeSet;

use greenroom_conformance::transcript::Transcript;
use greenroom_conformance::version::{Kind, Version};

/// The exchanges of the newest version.
pub(crate) fn names() -> Vec<String> {
    let names: Vec<String> = Version::newest().recordings(Kind::Exchange).into_keys().collect();
    assert!(names.len() > 100, "only {} recordings found", names.len());
    names
}

/// As the newest version answered.
pub(crate) async fn load(name: &str) -> Transcript {
    Transcript::load(Version::newest(), name).await.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_a_version_has_no_recording_of_it_says_as_the_one_before() {
    for kind in [Kind::Exchange, Kind::Log] {
        let mut known = BTreeSet::new();
        for version in Version::all() {
            let recordings = version.recordings(kind);
            let names: BTreeSet<String> = recordings.keys().cloned().collect();
            assert!(known.is_subset(&names), "{version} has lost {:?}", known.difference(&names));
            for (name, file) in &recordings {
                let own = version.own(kind, name);
                assert_eq!(*file == own, own.exists(), "{version}: {name} is read from {}", file.display());
            }
            known = names;
        }
    }
}

#[test]
fn a_version_is_known_by_its_minor_release_and_ordered_by_number() {
    let version = |name| Version::named(name).unwrap_or_else(|| panic!("{name} is a version"));
    assert!(version("0.9") < version("0.18") && version("0.18") < version("1.0"));
    assert_eq!(version("0.19").to_string(), "0.19");
    assert!(["", "19", "0.19.0", "plugins", "0.x"].iter().all(|name| Version::named(name).is_none()));
    assert!(Version::newest() >= Version::before());
    assert_eq!(Version::newest().config(), "", "the newest version is what we do without being told");
}
