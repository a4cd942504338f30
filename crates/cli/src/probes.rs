//! `greenroom probes`.

use greenroom::{config::ConfigOptions, errors::Result};
use greenroom_program::{Program, Start};
use greenroom_why::{Probes as Made, Untold};

use crate::asked::{Asked, BackendArgs, answered};

/// Print Kubernetes' probes for a backend, sized from the starts that were measured; each figure says what it comes from.
///
/// The health endpoints are looked for at the URL. Starts are those that a Greenroom there tells of, or that of a log; where none was
/// measured, the figures are careful guesses and say so.
#[derive(clap::Args)]
#[command(after_help = HELP)]
struct Probes {
    #[command(flatten)]
    whom: BackendArgs,
}

const HELP: &str = "Exit codes: 0 printed, 2 usage, 3 not reachable, or not a Backstage";

/// The program with the command.
pub(crate) fn with_command(program: Program) -> Program {
    program.start_command("probes", |probes: Probes, _, options: ConfigOptions| plan(probes, &options))
}

fn plan(probes: Probes, options: &ConfigOptions) -> Result<Start> {
    answered(async {
        let asked = probes.whom.found(options).await?;
        let Some(target) = asked.target.clone() else {
            return Ok((asked.log.as_ref().map(Made::of_log).map(|made| made.yaml()).unwrap_or_default(), 0));
        };
        let made = Made::of(&target, None, asked.token.clone(), asked.environment.clone()).await;
        Ok(match made {
            Err(Untold(why)) => (why, 3),
            Ok(made) => (sized(made, asked).await.yaml(), 0),
        })
    })
}

/// By a log, else by what Greenroom tells.
async fn sized(made: Made, asked: Asked) -> Made {
    if let Some(log) = asked.log.as_ref().filter(|log| log.boot().is_some()) {
        return made.measured_by_log(log);
    }
    let by = if asked.is_here { "Greenroom, also by its data directory," } else { "Greenroom" };
    match crate::boot::boots(asked).await {
        Ok(boots) => made.measured(&boots, by),
        Err(why) => made.unmeasured(&why),
    }
}
