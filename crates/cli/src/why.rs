//! `greenroom why`.

use std::time::Instant;

use greenroom::{config::ConfigOptions, errors::Result};
use greenroom_program::{Program, Start};
use greenroom_why::Why as Run;

use crate::asked::{Asked, BackendArgs, answered};

/// Say in one sentence what is wrong with a Backstage: since when, whom it hits, what to do.
///
/// At most 15 requests of GET, to this URL's origin, and an answer in less than 5 s. A Greenroom tells most, to who has its ops token;
/// of a Node backend is seen what anybody sees of it, and what its log says.
#[derive(clap::Args)]
#[command(after_help = HELP)]
struct Why {
    #[command(flatten)]
    whom: BackendArgs,

    /// Also ask this plugin whether it has started; repeat it for several.
    #[arg(long, value_name = "ID", value_parser = plugin)]
    plugin: Vec<String>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Exit codes: 0 all is well, 1 something is wrong, 2 usage, 3 not reachable, or not a Backstage

The causes that it knows are in docs/why.md";

fn plugin(id: &str) -> std::result::Result<String, String> {
    let is_one = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match !id.is_empty() && id.len() <= 100 && id.chars().all(is_one) {
        true => Ok(id.to_owned()),
        false => Err("expected a plugin's id, such as catalog".to_owned()),
    }
}

/// The program with the command.
pub(crate) fn with_command(program: Program) -> Program {
    program.start_command("why", |why: Why, _, options: ConfigOptions| plan(why, &options))
}

fn plan(why: Why, options: &ConfigOptions) -> Result<Start> {
    answered(async {
        let began = Instant::now();
        let Asked { target, operators, token, is_found, environment, data_dir, log, .. } =
            why.whom.found(options).await?;
        let run = match target {
            Some(target) => Run::at(target).log(log),
            None => Run::by_log(log),
        };
        let run = if is_found { run.own_token(token) } else { run.token(token) };
        let run = run
            .operators_at(operators)
            .environment(environment)
            .data_dir(data_dir)
            .plugins(why.plugin)
            .spent(began.elapsed());
        let answer = run.run().await;
        let text = if why.json { answer.json() } else { answer.sentence().to_owned() };
        Ok((text, answer.exit_code()))
    })
}
