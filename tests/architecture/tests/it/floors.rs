//! A crate uses only what stands below it.

use crate::repository::{packages, read};

/// The floors as `ARCHITECTURE.md` draws them, lowest first; `*` stands for every crate of a directory.
fn floors() -> Vec<Vec<String>> {
    let page = read("ARCHITECTURE.md");
    let block = page.split("lowest first").nth(1).unwrap().split("```").nth(1).unwrap();
    let names = |line: &str| -> Vec<String> {
        let words = line.split("   ").next().unwrap_or(line);
        words.split(['(', ')', ' ']).filter(|w| !w.is_empty() && *w != "and").map(str::to_owned).collect()
    };
    block.lines().filter(|line| !line.trim().is_empty()).map(names).collect()
}

fn floor_of(name: &str, dir: &str, floors: &[Vec<String>]) -> Option<usize> {
    let short = name.strip_prefix("greenroom-").unwrap_or(name);
    let is_named = |entry: &String| entry == short || (entry == "core" && short == "core-macros");
    let is_of_folder = |entry: &String| {
        entry.strip_suffix("/*").is_some_and(|folder| dir.split('/').any(|part| part == folder))
    };
    let place = |stands: &dyn Fn(&String) -> bool| floors.iter().position(|floor| floor.iter().any(stands));
    place(&is_named).or_else(|| place(&is_of_folder))
}

#[test]
fn a_crate_uses_only_what_stands_below_it() {
    let (packages, floors) = (packages(), floors());
    let place = |name: &str| {
        let package = packages.iter().find(|package| package.name == name).unwrap();
        floor_of(name, &package.dir.to_string_lossy(), &floors)
    };
    let mut wrong = vec![];
    for package in packages.iter().filter(|package| package.name != "xtask") {
        let Some(own) = place(&package.name) else {
            wrong.push(format!("{} stands on no floor of ARCHITECTURE.md", package.name));
            continue;
        };
        for used in &package.uses {
            let below = place(used).is_some_and(|floor| floor < own);
            let same_idea = package.name == "greenroom-core" && used == "greenroom-core-macros";
            let top = own == floors.len() - 1;
            if !below && !same_idea && !top {
                wrong.push(format!("{} uses {used}, which does not stand below it", package.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn core_knows_no_particular_service() {
    let packages = packages();
    let core = packages.iter().find(|package| package.name == "greenroom-core").unwrap();
    assert_eq!(core.uses, ["greenroom-context", "greenroom-core-macros", "greenroom-errors"]);
}

#[test]
fn only_databases_know_the_sql_library() {
    let knows = |package: &crate::repository::Package| {
        let manifest = std::fs::read_to_string(package.dir.join("Cargo.toml")).unwrap();
        manifest.lines().any(|line| line.starts_with("sqlx"))
    };
    let mut know: Vec<_> = packages().into_iter().filter(knows).map(|package| package.name).collect();
    know.sort();
    assert_eq!(know, ["greenroom-database-postgres", "greenroom-database-sql", "greenroom-database-sqlite"]);
}
