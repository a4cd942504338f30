//! The score at the top of `docs/compatibility.md`.

use std::path::Path;

use greenroom_conformance::score::{AREAS, Count, Score, faults, page, scores};

#[test]
fn the_page_has_a_score_of_all_areas_and_of_the_locked_versions() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    let text = std::fs::read_to_string(file).expect("the page");
    let found = faults(&text, &scores().expect("the locks"));
    assert!(found.is_empty(), "{found:#?}\nrun all suites and then what the page's comment says");
}

#[test]
fn a_score_replaces_the_one_before_and_its_faults_are_found() {
    let score = |packages: &str, unexplained| {
        let count = Count { compared: 9, deviating: 2, unexplained };
        Score { packages: packages.to_owned(), sums: AREAS.iter().map(|area| (*area, count)).collect() }
    };
    let both = |unexplained| [score("one 1.1", 0), score("one 1.0", unexplained)];
    let first = page("# Page\n\ntext\n\n## Section\n\nmore\n", &both(0));
    assert!(faults(&first, &both(0)).is_empty(), "{first}");
    assert!(first.starts_with("# Page\n\ntext\n\n<!--") && first.ends_with("\n## Section\n\nmore\n"));
    assert_eq!(faults(&first, &[score("one 1.2", 0)]), ["no score of one 1.2"]);

    let second = page(&first, &both(1));
    assert_eq!(faults(&second, &both(0)).len(), AREAS.len(), "those of one version");
    assert_eq!(page(&second, &both(0)), first);

    let mut lacking = both(0);
    lacking[1].sums.remove(AREAS[1]);
    assert!(!lacking[1].is_ok() && lacking[0].is_ok());
    assert_eq!(faults(&page(&first, &lacking), &both(0)).len(), 1);
    assert_eq!(faults("# Page\n", &both(0)).len(), 1);
}
