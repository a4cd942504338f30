//! `greenroom boot`.

use greenroom::{config::ConfigOptions, errors::Result};
use greenroom_program::{Program, Start};
use greenroom_why::{Boots, Untold, in_time};
use jiff::Timestamp;

use crate::asked::{Asked, BackendArgs, answered};

/// Show how the last start went: what it did when, what held it, what failed and why, and what took longer than before.
///
/// A running Greenroom tells of its own start and of the Node backend's that it runs. Without a URL, and where it does not run, what is
/// kept in the data directory is shown. Of a Node backend alone its log tells.
#[derive(clap::Args)]
#[command(after_help = HELP)]
struct Boot {
    #[command(flatten)]
    whom: BackendArgs,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const HELP: &str = "Exit codes: 0 started, 1 failed, or still starting, 2 usage, 3 no start can be told of";

/// The program with the command.
pub(crate) fn with_command(program: Program) -> Program {
    program.start_command("boot", |boot: Boot, _, options: ConfigOptions| plan(boot, &options))
}

fn plan(boot: Boot, options: &ConfigOptions) -> Result<Start> {
    answered(async {
        let is_json = boot.json;
        let told = match boots(boot.whom.found(options).await?).await {
            Ok(boots) => in_time(move || shown(&boots, is_json)).await,
            Err(why) => Err(why),
        };
        Ok(told.unwrap_or_else(|Untold(why)| (why, 3)))
    })
}

fn shown(boots: &Boots, is_json: bool) -> (String, u8) {
    let text = if is_json { boots.json() } else { boots.text(Timestamp::now()) };
    (text, boots.exit_code())
}

/// What can be told.
pub(crate) async fn boots(asked: Asked) -> std::result::Result<Boots, Untold> {
    let Asked { target, operators, token, environment, data_dir, log, .. } = asked;
    let of_log = log.map(|log| Boots::of_log(&log));
    let Some(target) = target else {
        let no_start =
            || Untold("The log has no line of a start: give all of it, from its beginning.".to_owned());
        return of_log.filter(|boots| boots.newest().is_some()).ok_or_else(no_start);
    };
    let fetched = Boots::fetch(&target, operators.as_ref(), token, environment).await;
    let kept = || data_dir.map(|dir| dir.boots()).or(of_log).filter(|boots| boots.newest().is_some());
    fetched.or_else(|why| kept().ok_or(why))
}
