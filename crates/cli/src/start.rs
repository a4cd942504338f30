//! `greenroom start`.

use std::{
    io::IsTerminal,
    process::ExitCode,
    time::{Duration, Instant},
};

use greenroom::{
    config::{ConfigOptions, RootConfig},
    http::RootHttpRouter,
    prelude::RootLogger,
};
use greenroom_defaults::{Surroundings, create_backend_in};

use crate::{
    banner::Banner,
    catalogue::{self, Choice},
    data_dir,
    demo::{Demo, Refused},
    explain, schema,
};

/// Starts the backend that the config describes, and serves until a signal.
pub(crate) fn start(options: &ConfigOptions, began: Instant) -> ExitCode {
    let config = match schema::load(options) {
        Ok(config) => config,
        Err(error) => return explain::config_error(&error),
    };
    let node_env = options.env.get("NODE_ENV").map(String::as_str);
    let prepared =
        catalogue::choose(&config).and_then(|choice| Ok((choice, data_dir::find(&config, options)?)));
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
        config: config.files().first().map(|file| data_dir::shown(file, &options.cwd)).unwrap_or_default(),
        demo: demo.as_ref().map(|demo| data_dir::shown(&demo.header_file, &options.cwd)),
        choice,
        began,
    };
    backend
        .run_with(
            async |running| {
                let services =
                    (running.service::<RootHttpRouter>().await, running.service::<RootLogger>().await);
                if let (Ok(http), Ok(logger)) = services {
                    let ready_in = shown.began.elapsed();
                    // The banner is the last thing on the screen.
                    logger.flush(Duration::from_millis(500));
                    shown.banner(http.local_addr(), ready_in);
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
    began: Instant,
}

impl Shown {
    /// Only people want it: a pipe gets the log stream and nothing else.
    #[expect(clippy::print_stderr, reason = "the banner is for the person at the terminal")]
    fn banner(&self, address: std::net::SocketAddr, ready_in: Duration) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let demo = self.demo.as_deref();
        let banner = Banner { config: &self.config, ready_in, address, choice: &self.choice, demo };
        eprint!("{}", banner.text());
    }
}
