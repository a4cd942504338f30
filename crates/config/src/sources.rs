//! Which files and variables make up the configuration, and reading them (contract: config-14, config-18, config-20).
//!
//! Must not know what the values mean. Everything it depends on is in [`ConfigOptions`].

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    ConfigError, RootConfig, env,
    error::Result,
    files::{Files, ReadOnce, resolve},
    live::Live,
    place::{At, Text},
    snapshot::{Layer, Snapshot},
    spelling::nearest,
    substitute::Env,
    transform::{Transform, dir_of},
    value::Node,
    yaml,
};

/// What decides the configuration: command line, environment and working directory, as values.
#[derive(Clone, Default)]
pub struct ConfigOptions {
    /// The command line without the program's name. Only `--config <target>` and `--config=<target>` are looked at.
    pub args: Vec<String>,
    /// The environment, in its order: that of `APP_CONFIG_*` variables matters.
    pub env: Env,
    /// The working directory, absolute: relative targets and the search for the root start here.
    pub cwd: PathBuf,
    /// Whether a missing `app-config.yaml` is fine. Default: no.
    pub allow_missing_default: bool,
    /// Whether a backend that starts on this config follows changes of its files. Default: no;
    /// [`from_process`](Self::from_process) says yes, as Backstage does.
    pub watch: bool,
}

impl ConfigOptions {
    /// Those of this process. Variables and arguments that are no Unicode are left out.
    ///
    /// # Errors
    /// When the working directory is gone.
    pub fn from_process() -> std::io::Result<Self> {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        Ok(Self {
            args: std::env::args_os().skip(1).filter_map(text).collect(),
            env: std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect(),
            cwd: std::env::current_dir()?,
            allow_missing_default: false,
            watch: true,
        })
    }
}

impl fmt::Debug for ConfigOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments and variables may be secrets.
        f.debug_struct("ConfigOptions").field("cwd", &self.cwd).finish_non_exhaustive()
    }
}

/// The sources that were found, before any is read.
#[derive(Clone, Debug)]
pub struct ConfigSources {
    options: ConfigOptions,
    /// In rising priority.
    files: Vec<PathBuf>,
    once: ReadOnce,
}

impl ConfigSources {
    /// Finds the files: those of `--config`, else the default ones.
    ///
    /// # Errors
    /// A `--config` that names a URL (contract: config-19), or nothing.
    pub fn find(options: &ConfigOptions) -> Result<Self> {
        let targets = targets(&options.args)?;
        if let Some(url) = targets.iter().find(|target| is_url(target)) {
            return Err(ConfigError::plain("Error", format!(
                "Config argument \"{url}\" looks like a URL but remote configuration is not enabled. Enable it by \
                 passing the `remote` option"
            )).with_help("download it, and give the file's path"));
        }
        let files = if targets.is_empty() {
            default_files(options)
        } else {
            targets.iter().map(|target| resolve(&options.cwd, target)).collect()
        };
        Ok(Self { options: options.clone(), files, once: ReadOnce::default() })
    }

    /// The files, absolute and in rising priority.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The line that Backstage prints before it reads: `Loading config from MergedConfigSource{…}`.
    pub fn description(&self) -> String {
        let mut out = "Loading config from MergedConfigSource{".to_owned();
        for path in &self.files {
            out.push_str(&format!("FileConfigSource{{path=\"{}\"}}, ", path.display()));
        }
        out.push_str(&format!("EnvConfigSource{{count={}}}}}", env::count(&self.options.env)));
        out
    }

    /// Reads all of them. Blocks: on files, and 10 ms for each empty one.
    ///
    /// # Errors
    /// The first source that fails, and `Missing required config value at ''` when none says anything.
    pub fn load(&self) -> Result<RootConfig> {
        let mut layers = Vec::with_capacity(self.files.len() + 1);
        for path in &self.files {
            let (layer, error) = self.layer(path, None);
            error.map_or(Ok(()), Err)?;
            layers.push(layer);
        }
        layers.push(Layer::without_files("env", env::read(&self.options.env)?));
        if layers.iter().all(|layer| layer.root.is_none()) {
            return Err(self.says_nothing(self.files.first().map_or(Path::new("env"), |file| file)));
        }
        layers.reverse();
        let snapshot = Snapshot::new(layers, true, self.description());
        Ok(RootConfig::from_live(Live::new(snapshot, Some(self.clone()))))
    }

    /// Names in `BACKSTAGE_ENV` without a file: Backstage passes them over.
    pub(crate) fn warnings(&self) -> Vec<String> {
        if targets(&self.options.args).is_ok_and(|targets| !targets.is_empty()) {
            return vec![];
        }
        let dir = root_dir(&self.options.cwd);
        let is_missing = |name: &&str| {
            !["yaml", "local.yaml"].iter().any(|end| dir.join(format!("app-config.{name}.{end}")).exists())
        };
        let here = variants(&dir).join(", ");
        let here = if here.is_empty() { here } else { format!("; there is {here}") };
        let missing = environments(&self.options).into_iter().filter(is_missing);
        missing
            .map(|name| format!("BACKSTAGE_ENV names '{name}', and there is no app-config.{name}.yaml{here}"))
            .collect()
    }

    pub(crate) fn watches_by_default(&self) -> bool {
        self.options.watch
    }

    /// There is no value, neither in this source nor in any other.
    pub(crate) fn says_nothing(&self, source: &Path) -> ConfigError {
        let message = format!("Missing required config value at '' in '{}'", name_of(source));
        let shown = source.strip_prefix(&self.options.cwd).unwrap_or(source).display().to_string();
        ConfigError::plain("Error", message)
            .of_text(&At::whole(&Text::new(shown, "")))
            .with_help("no config file says anything: write a value, or name other files by --config <file>")
    }

    /// What a file says; or, beside the reason why it cannot be read, what it said before.
    pub(crate) fn layer(&self, path: &Path, before: Option<&Layer>) -> (Layer, Option<ConfigError>) {
        let mut layer = Layer::without_files(&name_of(path), None);
        let mut files = Files::new(&self.options.cwd, &self.once, before.is_some());
        let root = self.read(path, &mut files, &mut layer);
        layer.source = Some(path.to_owned());
        layer.files = files.into_read();
        match root {
            Ok(root) => (Layer { root, ..layer }, None),
            Err(error) => {
                if let Some(before) = before {
                    layer.root = before.root.clone();
                    layer.unset = before.unset.clone();
                    layer.warnings = before.warnings.clone();
                }
                (layer, Some(error))
            }
        }
    }

    fn read(&self, path: &Path, files: &mut Files<'_>, into: &mut Layer) -> Result<Option<Node>> {
        let failed = |reason: String| {
            ConfigError::plain(
                "Error",
                format!("Failed to read config file at \"{}\", {reason}", path.display()),
            )
        };
        let Some(text) = files.read(path).map_err(|error| failed(error.to_string()))? else {
            let message = format!("Config file \"{}\" does not exist", path.display());
            let is_default = targets(&self.options.args).is_ok_and(|targets| targets.is_empty());
            let help = if is_default {
                "start in a directory with an app-config.yaml, or name the files: --config <file>".to_owned()
            } else {
                near(path)
            };
            return Err(ConfigError::plain("NotFoundError", message).with_help(help));
        };
        let parsed = yaml::parse(&text).map_err(|fault| fault.into_error())?;
        let root = parsed.map(|root| {
            let mut transform = Transform::new(&self.options.env, files);
            let root = transform.root(root, &dir_of(path));
            (into.unset, into.warnings) = (transform.unset, transform.warnings);
            root
        });
        root.transpose().map_err(|mut fault| {
            fault.message = failed(fault.message).message().to_owned();
            fault.name = "Error";
            fault.into_error()
        })
    }
}

/// The name that errors carry.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl RootConfig {
    /// Finds and reads the configuration; short for [`ConfigSources::find`] and [`ConfigSources::load`].
    ///
    /// # Errors
    /// As those two.
    pub fn load(options: &ConfigOptions) -> Result<Self> {
        ConfigSources::find(options)?.load()
    }
}

/// The values of `--config`, empty ones dropped.
fn targets(args: &[String]) -> Result<Vec<String>> {
    let mut out = Vec::new();
    let mut args = args.iter().take_while(|arg| *arg != "--").peekable();
    while let Some(arg) = args.next() {
        let target = match arg.strip_prefix("--config") {
            Some("") => match args.next_if(|next| !next.starts_with('-')) {
                Some(target) => target.as_str(),
                None => return Err(ConfigError::plain("Error", "Config argument --config needs a file")),
            },
            Some(value) => match value.strip_prefix('=') {
                Some(target) => target,
                None => continue,
            },
            None => continue,
        };
        if !target.is_empty() {
            out.push(target.to_owned());
        }
    }
    Ok(out)
}

/// Whether a target parses as a URL with a host: `C:\x` and `file:///x` do not (contract: config-19).
fn is_url(target: &str) -> bool {
    let Some((scheme, rest)) = target.trim().split_once(':') else { return false };
    let scheme = scheme.to_ascii_lowercase();
    let mut letters = scheme.chars();
    if !letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        || !letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    {
        return false;
    }
    let host = match scheme.as_str() {
        // These have a host however many slashes are written.
        "http" | "https" | "ws" | "wss" | "ftp" => rest.trim_start_matches(['/', '\\']),
        _ => match rest.strip_prefix("//") {
            Some(host) => host,
            None => return false,
        },
    };
    !host.split(['/', '\\', '?', '#']).next().unwrap_or_default().is_empty()
}

/// The names in `BACKSTAGE_ENV`.
fn environments(options: &ConfigOptions) -> Vec<&str> {
    let names = options.env.get("BACKSTAGE_ENV").map(String::as_str).unwrap_or_default().split(',');
    names.map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The names of all `app-config.<name>.yaml` in a directory, in their order.
fn variants(dir: &Path) -> Vec<String> {
    let is_variant =
        |name: &str| name.starts_with("app-config.") && name.ends_with(".yaml") && name != "app-config.yaml";
    names_in(dir, is_variant)
}

/// In order.
fn names_in(dir: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| is_wanted(name)).collect();
    names.sort();
    names
}

/// What there is in place of a file that somebody named.
fn near(path: &Path) -> String {
    let dir = dir_of(path);
    let shown = dir.display();
    if !dir.is_dir() {
        return format!("there is no directory {shown}");
    }
    let there = names_in(&dir, |name| name.ends_with(".yaml") || name.ends_with(".yml"));
    let few = there.iter().take(MOST_NEAR).map(String::as_str).collect::<Vec<_>>().join(", ");
    match nearest(&name_of(path), there.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {meant}?"),
        None if there.is_empty() => format!("there is no YAML file in {shown}"),
        None if there.len() > MOST_NEAR => format!("in {shown} there is {few}, and more"),
        None => format!("in {shown} there is {few}"),
    }
}

/// So many files are named in place of one.
const MOST_NEAR: usize = 5;

fn default_files(options: &ConfigOptions) -> Vec<PathBuf> {
    let root = root_dir(&options.cwd);
    let envs = environments(options);
    let first = resolve(&root, "app-config.yaml");
    let optional = envs
        .iter()
        .map(|name| format!("app-config.{name}.yaml"))
        .chain(["app-config.local.yaml".to_owned()])
        .chain(envs.iter().map(|name| format!("app-config.{name}.local.yaml")))
        .map(|name| resolve(&root, name))
        .filter(|path| path.exists());
    let mandatory = (!options.allow_missing_default || first.exists()).then(|| first.clone());
    mandatory.into_iter().chain(optional).collect()
}

/// The nearest directory upwards whose package.json has `workspaces`, else the working directory itself.
fn root_dir(cwd: &Path) -> PathBuf {
    let has_workspaces = |dir: &&Path| {
        let Ok(text) = std::fs::read(dir.join("package.json")) else { return false };
        let Ok(package) = serde_json::from_slice::<serde_json::Value>(&text) else { return false };
        match package.get("workspaces") {
            None | Some(serde_json::Value::Null | serde_json::Value::Bool(false)) => false,
            Some(serde_json::Value::String(text)) => !text.is_empty(),
            Some(serde_json::Value::Number(n)) => n.as_f64() != Some(0.0),
            Some(_) => true,
        }
    };
    cwd.ancestors().find(has_workspaces).unwrap_or(cwd).to_owned()
}
