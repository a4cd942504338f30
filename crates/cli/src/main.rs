//! The `greenroom` command: a backend with the plugins of this repository.

mod asked;
mod boot;
mod conform;
mod doctor;
mod front;
mod install;
mod logs;
mod look;
mod pages;
mod probes;
mod sdk;
mod why;

use std::process::ExitCode;

use greenroom_plugin_app::app;
use greenroom_plugin_auth::{auth, lets_guests_in};
use greenroom_plugin_demo::demo;
use greenroom_plugin_healthcheck::healthcheck;
use greenroom_plugin_observatory::observatory;
use greenroom_plugin_rum::rum_page;
use greenroom_plugin_tasks::tasks;
use greenroom_program::{Access, Program};
use greenroom_wrap::exec_if_off;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // First of all: with `GREENROOM=off` the child is to find nothing of ours.
    front::tell_if_off();
    if let Some(error) = exec_if_off(std::env::args_os(), |name| std::env::var_os(name)) {
        return front::not_run(&error);
    }
    program().run()
}

fn program() -> Program {
    let program = Program::new("greenroom", env!("CARGO_PKG_VERSION"))
        .about("A backend for Backstage that says what it does and why")
        .hint("What you see is explained in docs/observability.md")
        .plugin_with(&["app.baseUrl", "app.packageName", "greenroom.app.dist"], app)
        .plugin(healthcheck)
        .plugin(observatory)
        .optional_plugin(tasks)
        .plugin_with(&["auth.providers"], auth)
        .plugin_with(&["app.datadogRum", "greenroom.rum"], pages::rum)
        .module_with("rum", rum_page)
        .plugin_where("greenroom.demo", demo)
        .page("demo", "Demo", "/demo")
        .command("rum", "sdk", sdk::run)
        .command("rum", "doctor", doctor::run)
        .example("tasks", Access::Credentials, "-X POST {url}/api/tasks/task/1/queue")
        .example("tasks", Access::Credentials, "{url}/api/tasks/task/1/results")
        .example_if("auth", Access::Open, "-X POST {url}/api/auth/guest/refresh", lets_guests_in)
        .example("healthcheck", Access::Open, "{url}/healthcheck");
    let program = logs::with_command(look::with_command(front::with_commands(program)));
    let program = boot::with_command(probes::with_command(why::with_command(program)));
    program.start_command("conform", conform::plan).start_command("install", install::plan)
}

#[cfg(test)]
mod tests {
    use greenroom::config::RootConfig;
    use greenroom_config_schema::{ConfigSchema, keys};

    fn page() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md")
    }

    #[test]
    fn the_program_is_put_together_without_mistakes() {
        assert_eq!(super::program().mistakes(), [""; 0]);
    }

    /// `UPDATE_DOCS=1` writes it.
    #[test]
    fn the_reference_of_keys_is_what_the_schemas_say() {
        let schemas = super::program().config_schemas(&RootConfig::from_yaml("").unwrap()).unwrap();
        let table = keys::table(&keys::reference(&ConfigSchema::new(schemas).unwrap()));
        let text = std::fs::read_to_string(page()).unwrap();
        let start = text.find("| key | default | meaning |").unwrap();
        let end = start + text[start..].find("\n\n").unwrap() + 1;
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(page(), format!("{}{table}{}", &text[..start], &text[end..])).unwrap();
        } else {
            let how = "the table is made: UPDATE_DOCS=1 cargo test -p greenroom-cli";
            assert_eq!(text[start..end], table, "{how}");
        }
    }
}
