//! Prints the scores that the last runs have left, and fails if something differs without a reason; with `UPDATE_DOCS=1` also
//! puts them into `docs/compatibility.md`.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::{fs, io, path::Path, process::ExitCode};

use greenroom_conformance::score::{self, Score};

fn main() -> io::Result<ExitCode> {
    let scores = score::scores()?;
    for score in &scores {
        println!("{}\n{score}", score.packages);
    }
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
        let page = score::page(&fs::read_to_string(&path)?, &scores);
        fs::write(path, page)?;
    }
    Ok(if scores.iter().all(Score::is_ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
