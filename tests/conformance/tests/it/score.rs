//! The score at the top of `docs/compatibility.md`.

use std::collections::BTreeMap;
use std::path::Path;

use greenroom_conformance::score::{AREAS, Count, faults, page, table, versions};

#[test]
fn the_page_has_a_score_of_all_areas_and_of_the_locked_versions() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    let text = std::fs::read_to_string(file).expect("the page");
    let found = faults(&text, &versions().expect("the lock"));
    assert!(found.is_empty(), "{found:#?}\nrun all suites and then what the page's comment says");
}

#[test]
fn a_score_replaces_the_one_before_and_its_faults_are_found() {
    let count = |unexplained| Count { compared: 9, deviating: 2, unexplained };
    let sums = |unexplained| AREAS.iter().map(|area| (*area, count(unexplained))).collect::<BTreeMap<_, _>>();
    let first = page("# Page\n\ntext\n\n## Section\n\nmore\n", &table(&sums(0)), "one 1.0");
    assert!(faults(&first, "one 1.0").is_empty(), "{first}");
    assert!(first.starts_with("# Page\n\ntext\n\n<!--") && first.ends_with("\n## Section\n\nmore\n"));
    assert_eq!(faults(&first, "one 1.1").len(), 1);

    let second = page(&first, &table(&sums(1)), "one 1.0");
    assert_eq!(faults(&second, "one 1.0").len(), AREAS.len());
    assert_eq!(page(&second, &table(&sums(0)), "one 1.0"), first);

    let mut lacking = sums(0);
    lacking.remove(AREAS[1]);
    assert_eq!(faults(&page(&first, &table(&lacking), "one 1.0"), "one 1.0").len(), 1);
    assert_eq!(faults("# Page\n", "one 1.0").len(), 1);
}
