//! Prints the score that the last runs have left, and fails if something differs without a reason; with `UPDATE_DOCS=1` also
//! puts it into `docs/compatibility.md`.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::{fs, io, path::Path, process::ExitCode};

use greenroom_conformance::score;

fn main() -> io::Result<ExitCode> {
    let sums = score::sums()?;
    let table = score::table(&sums);
    print!("{table}");
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
        let page = score::page(&fs::read_to_string(&path)?, &table, &score::versions()?);
        fs::write(path, page)?;
    }
    let missing = score::AREAS.iter().any(|area| !sums.contains_key(area));
    let differs = sums.values().any(|count| count.unexplained > 0);
    Ok(if missing || differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
