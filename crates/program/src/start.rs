//! `start`, the default command.

use std::{
    io::IsTerminal,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::ArgMatches;
use greenroom::{
    config::{ConfigOptions, RootConfig},
    core::{Running, serve_signals},
    health::{Probe, RootHealth},
    http::{HttpSettings, Https, LocalAddr, RootHttpRouter, SELF_SIGNED_FILE},
    logging::LoggerOptions,
    ops::{Ops, ROOT},
    prelude::{InstanceMetadata, RootLogger, fields},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use greenroom_defaults::{Finding, Severity};

use crate::{
    Example, Program,
    banner::{self, Banner, Encryption},
    catalogue::Choice,
    demo::{Demo, NotWritten},
    explain, extra, line, paths,
    prepare::{self, Prepared, Refused},
    refusal, schema,
    service_manager::ServiceManager,
    ways::{Kind, Planned, Way},
};

/// How long threads that block may take to end after the stop; then the process ends without them.
const BLOCKED: Duration = Duration::from_secs(2);

/// Starts what a command of its own makes of the program.
pub(crate) fn start_by(
    way: &Way,
    arguments: &ArgMatches,
    program: Program,
    options: ConfigOptions,
    began: Instant,
) -> ExitCode {
    // The options that it chooses need not be those that people typed.
    let typed = options.args.clone();
    match way.plan(arguments, program, options).map(|start| start.0) {
        Ok(Kind::Done(code)) => code,
        Ok(Kind::Backend(planned)) => {
            let Planned { program, options, end } = *planned;
            end(start(&program, &options, &typed, began))
        }
        Err(error) => extra::refused(error),
    }
}

/// Starts the backend that the config describes, and serves until a signal. `typed` is the command line, without the program.
pub(crate) fn start(
    program: &Program,
    options: &ConfigOptions,
    typed: &[String],
    began: Instant,
) -> ExitCode {
    // Reading the config takes a while, and its pipes as long as they like.
    if let Err(error) = serve_signals() {
        return explain::fail(&format!("cannot serve signals: {error}"), None);
    }
    take_descriptors();
    let catalogue = &program.catalogue;
    let config = match schema::load(catalogue, options) {
        Ok(config) => config,
        Err(error) => return refusal::no_config(error),
    };
    let Prepared { choice, data_dir, has_demo } = match prepare::prepare(catalogue, &config, options) {
        Ok(prepared) => prepared,
        Err(Refused { errors, choice }) => {
            let report = prepare::report(catalogue, &config, options, &choice, errors);
            let refused = report.findings().iter().filter(|found| found.severity == Severity::Refused);
            return refusal::refuse(&refused.filter_map(Finding::to_fault).collect::<Vec<_>>(), &config);
        }
    };
    let demo = match has_demo.then(|| Demo::prepare(&data_dir)).transpose() {
        Ok(demo) => demo,
        Err(NotWritten(file, error)) => {
            let help = "make the directory writable, or choose another one in greenroom.dataDir";
            return explain::fail(&format!("cannot write {}: {error}", file.display()), Some(help));
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return explain::fail(&format!("cannot start the runtime: {error}"), None),
    };
    let code = runtime.block_on(serve(program, &config, (options, typed), choice, demo, began));
    runtime.shutdown_timeout(BLOCKED);
    code
}

/// Takes as many descriptors as the system allows this process, as Node does at its start: each client has one, and in front of
/// another server two. Where that is refused, there are as many as before.
fn take_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

async fn serve(
    program: &Program,
    config: &RootConfig,
    (options, typed): (&ConfigOptions, &[String]),
    choice: Choice,
    demo: Option<Demo>,
    began: Instant,
) -> ExitCode {
    let typed = [program.name].into_iter().chain(typed.iter().map(String::as_str));
    let typed = typed.map(|word| banner::quoted(word).into_owned()).collect::<Vec<_>>().join(" ");
    let mut backend = prepare::backend(&program.catalogue, config, options, &choice);
    if let Some(demo) = &demo {
        backend = demo.add_to(backend);
    }
    let shown = Shown {
        examples: program.examples_for(config, prepare::node_env(options)),
        config: match (config.file(), options.args.last()) {
            (Some(file), _) => paths::shown(&file, &options.cwd),
            // What can be read but once is shown as it was named.
            (None, named) => named.cloned().unwrap_or_default(),
        },
        demo: demo.as_ref().map(|demo| paths::shown(&demo.header_file, &options.cwd)),
        lacking: choice.lacking,
        cwd: options.cwd.clone(),
        began,
        has_additions: LoggerOptions::from_config(config, &prepare::log(options))
            .is_ok_and(|log| log.format.has_additions()),
    };
    backend
        .run_with(
            async |running| {
                ServiceManager::from_process().attend(running).await;
                if let Some(Err(error)) = demo.as_ref().map(Demo::publish) {
                    let help = "the demo's token cannot be read; restart once the directory can be written";
                    let _ = explain::fail(&format!("cannot write the demo's header: {error}"), Some(help));
                }
                let services = (
                    running.service::<RootHttpRouter>().await,
                    running.service::<HttpSettings>().await,
                    running.service::<RootLogger>().await,
                    running.service::<InstanceMetadata>().await,
                    running.service::<Ops>().await,
                );
                if let (Ok(http), Ok(settings), Ok(logger), Ok(metadata), Ok(ops)) = services {
                    let ready_in = shown.began.elapsed();
                    let waits = if program.is_ready_later { why_not_ready(running).await } else { None };
                    let up = Up {
                        address: http.local_addr(),
                        settings: &settings,
                        metadata: &metadata,
                        ops: &ops,
                        ready_in,
                        waits,
                    };
                    if std::io::stderr().is_terminal() {
                        // The banner is the last thing on the screen.
                        logger.flush(Duration::from_millis(500));
                        shown.banner(program, &up);
                    } else if let Some(told) = up.line(program).filter(|_| shown.has_additions) {
                        logger.child(fields! { service: "ops" }).info(told);
                    }
                }
            },
            |failed| explain::start_error(config, &typed, failed),
        )
        .await
}

/// What its readiness says, unless it is there.
async fn why_not_ready(running: &Running) -> Option<String> {
    let said = running.service::<RootHealth>().await.ok()?.readiness(&Probe::default()).await;
    (!said.passes()).then(|| said.message().unwrap_or("No reason is given").to_owned())
}

/// What the banner tells that is known before the start.
struct Shown {
    examples: Vec<Example>,
    config: String,
    demo: Option<String>,
    lacking: Vec<String>,
    cwd: PathBuf,
    began: Instant,
    /// Whether the log's format has lines that Node's backend does not write.
    has_additions: bool,
}

/// What it tells of the backend that is up.
struct Up<'a> {
    address: &'a LocalAddr,
    settings: &'a HttpSettings,
    metadata: &'a InstanceMetadata,
    ops: &'a Ops,
    ready_in: Duration,
    waits: Option<String>,
}

impl Up<'_> {
    fn plugins(&self) -> Vec<String> {
        self.metadata.installed_plugins().iter().map(|plugin| plugin.plugin_id.to_string()).collect()
    }

    /// What the log says in the place of the banner.
    fn line(&self, program: &Program) -> Option<String> {
        let (plugins, url) = (self.plugins(), self.address.url(self.settings.https.is_some()));
        let runs = |id: &str| plugins.iter().any(|plugin| plugin == id);
        let pages = program.worth_opening.iter().filter(|page| runs(page.plugin));
        // No browser opens a socket of the file system.
        let pages = pages.filter(|_| self.address.tcp().is_some());
        let pages: Vec<_> = pages.map(|page| (page.name, format!("{url}{}", page.path))).collect();
        // Why it is off, the start has told.
        let has_pages = self.ops.is_on() && self.ops.local_addr().tcp().is_some();
        let observatory = has_pages.then(|| format!("{}{ROOT}/", self.ops.url()));
        line::line(program.name, &pages, observatory.as_deref())
    }
}

/// Who sees the terminal may be an operator at once: nobody else reads what is printed there.
fn observatory(ops: &Ops) -> String {
    match ops.link() {
        Ok(path) => format!("{}{path} (good for one sign-in, for 10 minutes)", ops.url()),
        Err(_) => format!("off: {}", ops.why_off().unwrap_or("the system has no random bytes")),
    }
}

impl Shown {
    /// Only people want it: a pipe gets the log stream and nothing else.
    #[expect(clippy::print_stderr, reason = "the banner is for the person at the terminal")]
    fn banner(&self, program: &Program, up: &Up<'_>) {
        let &Up { address, settings, ops, ready_in, ref waits, .. } = up;
        let plugins = up.plugins();
        let banner = Banner {
            name: program.name,
            version: program.version,
            hint: program.hint.as_deref(),
            examples: &self.examples,
            worth_opening: &program.worth_opening,
            config: &self.config,
            ready_in,
            waits: waits.as_deref(),
            address,
            encryption: self.encryption(settings),
            plugins: &plugins,
            lacking: &self.lacking,
            demo: self.demo.as_deref(),
            observatory: &observatory(ops),
        };
        eprint!("{}", banner.text());
    }

    fn encryption(&self, settings: &HttpSettings) -> Encryption {
        match (&settings.https, &settings.data_dir) {
            (None, _) => Encryption::None,
            (Some(Https::SelfSigned { .. }), Some(dir)) => {
                Encryption::SelfSigned(paths::shown(&dir.join(SELF_SIGNED_FILE), &self.cwd))
            }
            (Some(_), _) => Encryption::Given,
        }
    }
}
