//! `greenroom start`.

use std::{
    io::IsTerminal,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use greenroom::{
    config::{ConfigOptions, RootConfig, StateHome},
    http::{HttpSettings, Https, LocalAddr, RootHttpRouter, SELF_SIGNED_FILE},
    prelude::RootLogger,
};
use greenroom_defaults::{Surroundings, create_backend_in};

use crate::{
    banner::{Banner, Encryption},
    catalogue::{self, Choice},
    demo::{Demo, Refused},
    explain, paths, schema,
};

/// Starts the backend that the config describes, and serves until a signal.
pub(crate) fn start(options: &ConfigOptions, began: Instant) -> ExitCode {
    let config = match schema::load(options) {
        Ok(config) => config,
        Err(error) => return explain::config_error(&error),
    };
    let node_env = options.env.get("NODE_ENV").map(String::as_str);
    let prepared =
        catalogue::choose(&config).and_then(|choice| Ok((choice, StateHome::of(options).data_dir(&config)?)));
    let (choice, data_dir) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return explain::config_error(&error),
    };
    let demo = match Demo::prepare(&config, node_env, &data_dir) {
        Ok(demo) => demo,
        Err(Refused::Config(error)) => return explain::config_error(&error),
        Err(Refused::File(file, error)) => {
            let help = "make the directory writable, or choose another one in greenroom.dataDir";
            return explain::fail(&format!("cannot write {}: {error}", file.display()), Some(help));
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return explain::fail(&format!("cannot start the runtime: {error}"), None),
    };
    runtime.block_on(serve(&config, options, choice, demo, began))
}

async fn serve(
    config: &RootConfig,
    options: &ConfigOptions,
    choice: Choice,
    demo: Option<Demo>,
    began: Instant,
) -> ExitCode {
    let mut backend = create_backend_in(Surroundings::of_process(config.clone()));
    if let Some(demo) = &demo {
        backend = demo.add_to(backend);
    }
    backend = catalogue::add(backend, &choice);
    let shown = Shown {
        config: config.files().first().map(|file| paths::shown(file, &options.cwd)).unwrap_or_default(),
        demo: demo.as_ref().map(|demo| paths::shown(&demo.header_file, &options.cwd)),
        choice,
        cwd: options.cwd.clone(),
        began,
    };
    backend
        .run_with(
            async |running| {
                let services = (
                    running.service::<RootHttpRouter>().await,
                    running.service::<HttpSettings>().await,
                    running.service::<RootLogger>().await,
                );
                if let (Ok(http), Ok(settings), Ok(logger)) = services {
                    let ready_in = shown.began.elapsed();
                    // The banner is the last thing on the screen.
                    logger.flush(Duration::from_millis(500));
                    shown.banner(http.local_addr(), &settings, ready_in);
                }
            },
            explain::start_error,
        )
        .await
}

/// What the banner tells that is known before the start.
struct Shown {
    config: String,
    demo: Option<String>,
    choice: Choice,
    cwd: PathBuf,
    began: Instant,
}

impl Shown {
    /// Only people want it: a pipe gets the log stream and nothing else.
    #[expect(clippy::print_stderr, reason = "the banner is for the person at the terminal")]
    fn banner(&self, address: &LocalAddr, settings: &HttpSettings, ready_in: Duration) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let demo = self.demo.as_deref();
        let encryption = self.encryption(settings);
        let banner =
            Banner { config: &self.config, ready_in, address, encryption, choice: &self.choice, demo };
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
