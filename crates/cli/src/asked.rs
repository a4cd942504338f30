//! Whom `greenroom why`, `probes` and `boot` ask, and the log that they read.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use greenroom::{
    config::ConfigOptions,
    context::spawn_blocking,
    errors::{Error, Result},
    http_client::ClientEnvironment,
    ops::OpsEnvironment,
};
use greenroom_look::{Target, Token};
use greenroom_program::{Here, Start, UsageError};
use greenroom_why::{DataDir, Log};
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

/// How long a log may take to be read from its first byte on: of a longer one what was read is judged.
const READING: Duration = Duration::from_secs(2);

/// How long its first byte is waited for, as of a cluster that is far away: with a URL, time is left to ask that.
const FIRST: Duration = Duration::from_millis(4300);
const FIRST_BEFORE_OTHERS: Duration = Duration::from_secs(2);

/// What comes in one go is read, however late it came.
const LEAST: Duration = Duration::from_millis(200);

/// So much is read of the beginning of a file, and so much of its end.
const PART: u64 = 16 << 20;

/// What all three take.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BackendArgs {
    /// The backend's URL; without it that of the config in this directory.
    #[arg(value_name = "URL", value_parser = target)]
    url: Option<Target>,

    /// The environment variable that holds the ops token; GREENROOM_OPS_TOKEN unless given. It goes nowhere but to the URL's origin.
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,

    /// Also read the backend's log, - for standard input, into which `kubectl logs deploy/backstage` may be piped. Without a URL the
    /// log alone is read.
    #[arg(long, value_name = "FILE")]
    log: Option<String>,
}

fn target(text: &str) -> std::result::Result<Target, String> {
    text.parse()
}

/// Whom to ask, found.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `None`: the log alone.
    pub(crate) target: Option<Target>,
    pub(crate) operators: Option<Target>,
    pub(crate) token: Option<Token>,
    /// The token is the ops token of the backend here, which nobody has given.
    pub(crate) is_found: bool,
    pub(crate) environment: ClientEnvironment,
    pub(crate) data_dir: Option<DataDir>,
    pub(crate) log: Option<Log>,
    /// Whether the config of this directory names it.
    pub(crate) is_here: bool,
}

impl BackendArgs {
    /// Finds out whom to ask, and reads the log.
    pub(crate) async fn found(self, options: &ConfigOptions) -> Result<Asked> {
        let log = match &self.log {
            Some(file) => {
                let first = if self.url.is_some() { FIRST_BEFORE_OTHERS } else { FIRST };
                Some(read(file, first).await?)
            }
            None => None,
        };
        let named = self.token_env.as_deref().map(|name| token(name, options)).transpose()?;
        let given = match named {
            Some(token) => Some(token),
            None if options.env.contains_key(OpsEnvironment::VARIABLE) => {
                Some(token(OpsEnvironment::VARIABLE, options)?)
            }
            None => None,
        };
        if self.url.is_some() || log.is_some() {
            let environment = ClientEnvironment::from_process();
            let asked = Asked {
                target: self.url,
                operators: None,
                token: given,
                is_found: false,
                environment,
                data_dir: None,
                log,
                is_here: false,
            };
            return Ok(asked);
        }
        let here = Here::of(options).map_err(|error| match error.name() {
            "NotFoundError" => UsageError::new(format!(
                "No URL was given, and no config names a backend here: give its URL, or a log with --log ({})",
                error.message()
            ))
            .into(),
            _ => greenroom::errors::BoxError::from(error),
        })?;
        let url = |text: &str| text.parse::<Target>().map_err(Error::new);
        let is_found = given.is_none();
        let token = given.or_else(|| here.token.as_deref().and_then(|token| Token::parse(token).ok()));
        Ok(Asked {
            target: Some(url(&here.url)?),
            operators: Some(url(&here.operators)?),
            token,
            is_found,
            environment: here.calls,
            data_dir: Some(DataDir::at(&here.data_dir)),
            log: None,
            is_here: true,
        })
    }
}

/// The token that a variable holds.
fn token(name: &str, options: &ConfigOptions) -> std::result::Result<Token, UsageError> {
    // Who gives the token itself has it in the process list by now; it is not repeated.
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.len() <= 100;
    if !is_name {
        return Err(UsageError::new("--token-env takes the name of a variable, not a token"));
    }
    let text = options.env.get(name).ok_or_else(|| UsageError::new(format!("{name} is not set")))?;
    Token::parse(text).map_err(|why| UsageError::new(format!("{name} {why}")))
}

/// Reads a log, or as much of it as comes in time; its first byte may take so long.
async fn read(file: &str, first: Duration) -> Result<Log> {
    let so_far = Arc::new(Mutex::new(Log::default()));
    let (noted, name) = (so_far.clone(), file.to_owned());
    let (came, mut comes) = watch::channel(false);
    let began = Instant::now();
    let reading = spawn_blocking("log", move || {
        let goes_on = |log: &Log| {
            *noted.lock() = log.clone();
            let _ = came.send(true);
            true
        };
        match name.as_str() {
            "-" => Log::read(io::stdin().lock(), goes_on),
            name => Log::read(both_ends(File::open(name)?)?, goes_on),
        }
    });
    let _ = tokio::time::timeout(first, comes.wait_for(|came| *came)).await;
    let most = READING.min((FIRST.saturating_sub(began.elapsed())).max(LEAST));
    match tokio::time::timeout(most, reading).await {
        Ok(Ok(Ok(log))) => Ok(log),
        Ok(Ok(Err(error))) => Err(UsageError::new(format!("{file} cannot be read: {error}")).into()),
        Ok(Err(_)) | Err(_) => Ok(so_far.lock().clone().unfinished()),
    }
}

/// The beginning and the end of a file that is long: a start stands in one, an end in the other.
fn both_ends(mut file: File) -> io::Result<Box<dyn Read + Send>> {
    let known = file.metadata()?;
    if !known.is_file() || known.len() <= 2 * PART {
        return Ok(Box::new(file));
    }
    let mut end = file.try_clone()?;
    let mut begin = Vec::new();
    (&mut file).take(PART).read_to_end(&mut begin)?;
    // The half of a line is none.
    begin.truncate(begin.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    end.seek(SeekFrom::End(-i64::try_from(PART).unwrap_or_default()))?;
    Ok(Box::new(io::Cursor::new(begin).chain(end)))
}

/// Does it all in a runtime of one thread, and prints what comes of it.
pub(crate) fn answered(work: impl Future<Output = Result<(String, u8)>>) -> Result<Start> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::from_any)?;
    let done = runtime.block_on(work);
    // A name that is still being looked up holds no command, nor does a pipe that never ends.
    runtime.shutdown_background();
    let (text, code) = done?;
    let mut out = io::stdout().lock();
    Ok(Start::done(match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }))
}
