//! `docs/contract`: a rule has a test, a numbered test has a rule, and what is cited can be read in the repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::repository::{files, read, root};

/// The pages by the word that their rules begin with.
const PAGES: [(&str, &str); 13] = [
    ("plugin", "plugin-system"),
    ("config", "config"),
    ("log", "logging"),
    ("health", "health"),
    ("http", "http"),
    ("auth", "auth"),
    ("app", "app"),
    ("rum", "rum"),
    ("database", "database"),
    ("ops", "ops"),
    ("gateway", "gateway"),
    ("why", "why"),
    ("traces", "traces"),
];

/// A row of a page.
struct Rule {
    id: String,
    source: String,
    tests: String,
    verdict: String,
}

impl Rule {
    /// The tests by crate: `` core: `a`, `b`; http: `c` ``.
    fn tests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tests
            .split("; ")
            .filter_map(|part| part.split_once(": "))
            .flat_map(|(package, names)| names.split('`').skip(1).step_by(2).map(move |name| (package, name)))
    }
}

fn rules() -> Vec<Rule> {
    let mut rules = vec![];
    for (prefix, page) in PAGES {
        let text = read(format!("docs/contract/{page}.md"));
        for row in text.lines().filter(|line| line.starts_with(&format!("| {prefix}-"))) {
            let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect();
            let [id, _, source, tests, verdict] =
                cells.try_into().unwrap_or_else(|_| panic!("not five cells: {row}"));
            rules.push(Rule { id, source, tests, verdict });
        }
    }
    rules
}

fn ids() -> BTreeSet<String> {
    rules().into_iter().map(|rule| rule.id).collect()
}

/// Tests that run and programs that must not compile, by name, with the directories of their crates.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for path in files(&root(), ".rs") {
        let Some(package) = path.ancestors().skip(1).find(|dir| dir.join("Cargo.toml").exists()) else {
            continue;
        };
        let package = package.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut names: Vec<_> = run_tests(&text).into_iter().map(str::to_owned).collect();
        if path.parent().is_some_and(|dir| dir.ends_with("compile_fail")) {
            names = vec![path.file_stem().unwrap().to_string_lossy().into_owned()];
        }
        for name in names {
            found.entry(name).or_default().insert(package.clone());
        }
    }
    found
}

/// What an ignored test says that a suite of xtask runs.
const ELSEWHERE: &str = "`cargo xtask test` runs it";

/// The functions that a test run calls: those marked as tests and not ignored, and those that a macro makes tests of,
/// which are listed without a body.
fn run_tests(text: &str) -> Vec<&str> {
    let is_test =
        |attribute: &&str| ["#[test]", "#[tokio::test"].iter().any(|mark| attribute.starts_with(mark));
    let makes_tests = text.contains("macro_rules!") && text.contains("#[tokio::test]");
    let (mut found, mut attributes) = (vec![], vec![]);
    for line in text.lines().map(str::trim) {
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = function.and_then(|rest| rest.split(['(', '<']).next()) {
            let is_left_out =
                |attribute: &&str| attribute.starts_with("#[ignore") && !attribute.contains(ELSEWHERE);
            let is_ignored = attributes.iter().any(is_left_out);
            let is_marked = attributes.iter().any(is_test);
            if (is_marked && !is_ignored) || (makes_tests && line.ends_with("();")) {
                found.push(name);
            }
        }
        match line.starts_with("#[") {
            true => attributes.push(line),
            // What stands between an attribute and its function is no blank line.
            false if function.is_some() || line.is_empty() => attributes.clear(),
            false => {}
        }
    }
    found
}

#[test]
fn only_functions_that_a_test_run_calls_are_tests() {
    let text = "
        fn helper() {}
        #[test]
        fn a_test() {}
        fn behind_it() {}

        #[tokio::test(flavor = \"multi_thread\")]
        #[ignore = \"slow\"]
        async fn ignored() {}

        #[tokio::test]
        async fn awaited() {}
        proptest! {
            #[test]
            fn for_any(x in 0..3) {}
        }";
    assert_eq!(run_tests(text), ["a_test", "awaited", "for_any"]);
    let listed =
        "macro_rules! logs { () => { #[tokio::test] async fn $name() {} } }\nlogs! {\n fn a_log();\n}";
    assert_eq!(run_tests(listed), ["a_log"]);
}

/// The rules that a name begins with: `health_1_2_plugin_7_a_probe` holds health-1, health-2 and plugin-7.
fn held_by(name: &str) -> Vec<String> {
    let (mut held, mut page) = (vec![], "");
    for word in name.split('_') {
        if PAGES.iter().any(|(prefix, _)| *prefix == word) {
            page = word;
        } else if !page.is_empty() && word.parse::<u32>().is_ok() {
            held.push(format!("{page}-{word}"));
        } else {
            break;
        }
    }
    held
}

#[test]
fn each_rule_has_a_test_that_exists_or_holds_by_type() {
    let tests = tests();
    let mut wrong = vec![];
    for rule in rules() {
        let mut named = 0;
        for (package, name) in rule.tests() {
            named += 1;
            if !tests.get(name).is_some_and(|packages| packages.contains(package)) {
                wrong.push(format!("{}: there is no test `{name}` in {package}", rule.id));
            }
        }
        let by_type = rule.verdict.starts_with("[by type]");
        match &*rule.tests {
            "the compiler" if by_type => {}
            // What is the same as in Node is here.
            "to come" if rule.verdict != "same" => {}
            _ if named > 0 => {}
            other => wrong.push(format!("{}: no test is named in `{other}`", rule.id)),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_numbered_test_stands_in_the_row_of_its_rule() {
    let rows: BTreeMap<_, _> = rules().into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    let (mut wrong, mut numbered) = (vec![], 0);
    for (name, _) in tests() {
        for id in held_by(&name) {
            numbered += 1;
            match rows.get(&id) {
                None => wrong.push(format!("`{name}`: there is no rule {id} in docs/contract")),
                Some(rule) if rule.tests().any(|(_, test)| test == name) => {}
                Some(_) => wrong.push(format!("`{name}` is not named in the row of {id}")),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(numbered > 150, "only {numbered} rules are held by numbered tests: has their spelling changed?");
}

/// What a portal's users can rely on is a rule, or a part of some.
#[test]
fn each_scenario_of_the_portal_stands_in_the_row_of_a_rule() {
    let rules = rules();
    let named: BTreeSet<_> =
        rules.iter().flat_map(Rule::tests).filter(|(package, _)| *package == "portal").collect();
    let scenarios: BTreeMap<_, _> =
        tests().into_iter().filter(|(_, packages)| packages.contains("portal")).collect();
    let unnamed: Vec<_> =
        scenarios.keys().filter(|name| !named.contains(&("portal", name.as_str()))).collect();
    assert_eq!(unnamed, Vec::<&String>::new());
    assert!(scenarios.len() > 10, "only {} scenarios were found", scenarios.len());
}

#[test]
fn rules_are_numbered_once_and_say_where_backstage_does_it() {
    let mut seen = BTreeSet::new();
    let mut wrong = vec![];
    for rule in rules() {
        let (files, packages): (Vec<_>, Vec<_>) =
            rule.source.split('`').skip(1).step_by(2).partition(|name| Path::new(name).extension().is_some());
        if files.is_empty() || packages.is_empty() {
            wrong.push(format!("{} names no package and file", rule.id));
        }
        if !seen.insert(rule.id.clone()) {
            wrong.push(format!("{} is there twice", rule.id));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen.len() > 200, "only {} rules were read", seen.len());
}

/// The sections of `docs/compatibility.md` by the anchors that GitHub gives them.
fn sections() -> BTreeMap<String, String> {
    let page = read("docs/compatibility.md");
    let sections = page.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
    sections.map(|(title, text)| (title.to_lowercase().replace(' ', "-"), text.to_owned())).collect()
}

#[test]
fn a_rule_that_differs_is_a_row_of_the_compatibility_page() {
    let sections = sections();
    let mut wrong = vec![];
    for rule in rules().into_iter().filter(|rule| !matches!(&*rule.verdict, "same" | "ours")) {
        let anchor =
            rule.verdict.split_once("(../compatibility.md#").and_then(|(_, rest)| rest.strip_suffix(')'));
        let Some(section) = anchor.and_then(|anchor| sections.get(anchor)) else {
            wrong.push(format!("{}: neither same nor a section of docs/compatibility.md", rule.id));
            continue;
        };
        let said = if rule.verdict.starts_with("[by type]") {
            section.split([' ', ',', '|']).any(|word| word == rule.id)
        } else {
            rule.tests().any(|(_, name)| section.contains(&format!("`{name}`")))
        };
        if !said {
            wrong.push(format!("{}: no row of that section is about it", rule.id));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The ids in what follows `contract: ` in one line.
fn cited(line: &str) -> impl Iterator<Item = &str> {
    let ends = |word: &str| word.ends_with(['.', ')', ';', ':', '`']);
    line.split("ontract: ").skip(1).flat_map(move |rest| {
        let mut open = true;
        rest.split(' ')
            .take_while(move |word| std::mem::replace(&mut open, !ends(word)))
            .map(|word| word.trim_matches(['.', ',', ')', ';', ':', '`']))
            .take_while(|word| matches!(*word, "to" | "and") || word.contains('-'))
            .filter(|word| word.contains('-'))
    })
}

#[test]
fn what_is_cited_of_the_contract_exists() {
    let ids = ids();
    let pages: BTreeSet<_> = PAGES.iter().map(|(_, page)| *page).chain(["README"]).collect();
    let (mut wrong, mut citations) = (vec![], 0);
    for path in files(&root(), ".rs").into_iter().chain(files(&root(), ".md")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let comment =
            |line: &&str| path.extension().is_some_and(|ending| ending == "md") || line.contains("//");
        for line in text.lines().filter(comment) {
            for id in cited(line) {
                citations += 1;
                if !ids.contains(id) {
                    wrong.push(format!("{}: there is no rule {id}", path.display()));
                }
            }
            for rest in line.split("docs/contract/").skip(1) {
                let page = rest.split(".md").next().unwrap();
                if rest.contains(".md") && !pages.contains(page) {
                    wrong.push(format!("{}: there is no page {page}", path.display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(citations > 40, "only {citations} citations were read");
}

#[test]
fn a_cited_section_is_of_a_document_that_everybody_can_read() {
    let mut found = vec![];
    for path in files(&root(), ".rs").into_iter().chain(files(&root(), ".md")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let public = |line: &str| ["RFC ", "W3C "].iter().any(|publisher| line.contains(publisher));
        let sections = text.lines().filter(|line| line.contains('\u{a7}') && !public(line));
        found.extend(sections.map(|line| format!("{}: {}", path.display(), line.trim())));
    }
    assert_eq!(found, Vec::<String>::new());
}
