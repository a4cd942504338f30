//! `cargo xtask app`: builds the stock front end of Backstage from npm, for the plugin `app` to serve, and writes a config that
//! serves it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where to build.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Options {
    /// The directory that gets the bundle, as `dist`, and all that it is built with; target/app if it is left out
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

/// `cargo xtask app`
pub(crate) fn app(options: &Options) -> io::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("app/build.sh");
    let dir = options.dir.clone().unwrap_or_else(|| target().join("app"));
    // The script changes its directory.
    let dir = std::path::absolute(&dir)?;
    let run = |check: Option<&str>| Command::new("sh").arg(&script).args(check).arg(&dir).status();
    if run(Some("--check"))?.success() {
        println!("The front end in {} is up to date.", dir.join("dist").display());
    } else {
        println!(
            "plan:\n  \
             npm: Node 24, yarn and @backstage/create-app into {0}/tools\n  \
             create-app: the stock project of Backstage 1.55 into {0}/project\n  \
             yarn: what xtask/app/yarn.lock locks, 1.5 GB once it is installed\n  \
             backstage-cli: the bundle into {0}/dist, 80 MB\n\
             It takes one to four minutes and 1.5 GB of memory.\n",
            dir.display()
        );
        if !run(None)?.success() {
            return Err(io::Error::other("the front end could not be built: the last lines above say why"));
        }
    }
    let config = dir.join("app-config.yaml");
    fs::write(&config, config_for(&fs::read_to_string(dir.join("project.yaml"))?)?)?;
    println!(
        "\nTo see it: cargo run -- --config {}, then open http://localhost:7007.\n\
         In a config of your own, `greenroom: {{app: {{dist: {}}}}}` serves it; its pages are set up by the section `app` \
         of that file.",
        config.display(),
        dir.join("dist").display()
    );
    Ok(())
}

/// What serves the bundle on this machine: the project's own section `app`, at our address.
fn config_for(project: &str) -> io::Result<String> {
    let section: Vec<_> = project
        .lines()
        .skip_while(|line| *line != "app:")
        .enumerate()
        .take_while(|(at, line)| *at == 0 || line.is_empty() || line.starts_with([' ', '#']))
        .map(|(_, line)| line.replace("http://localhost:3000", URL))
        .collect();
    if !section.iter().any(|line| line.contains(URL)) {
        return Err(io::Error::other("the project's app-config.yaml has no app.baseUrl"));
    }
    Ok(format!(
        "# Made by `cargo xtask app`: the stock front end of Backstage, on this machine only.\n{}\n\n\
         backend:\n  baseUrl: {URL}\n  listen: 127.0.0.1:7007\n\n\
         greenroom:\n  app:\n    dist: dist\n",
        section.join("\n").trim_end()
    ))
}

const URL: &str = "http://localhost:7007";

fn target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::config_for;

    #[test]
    fn the_config_is_the_projects_section_of_the_app_at_our_address() {
        let project = "# top\nnode: 1\napp:\n  title: T\n  baseUrl: http://localhost:3000\n\n  # pages\n  packages: all\n\norganization:\n  name: X\n";
        let config = config_for(project).unwrap();
        assert!(config.contains(
            "\napp:\n  title: T\n  baseUrl: http://localhost:7007\n\n  # pages\n  packages: all\n\nbackend:\n"
        ));
        assert!(config.ends_with("greenroom:\n  app:\n    dist: dist\n") && !config.contains("organization"));
        assert!(config_for("backend: {}\n").is_err());
    }
}
