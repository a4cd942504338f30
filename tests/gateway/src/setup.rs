//! Both processes, started in each way that there is.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use greenroom_conformance::{
    backend::{Backend, Launch},
    peer,
    scenarios::{READINESS, Scenario, Stage},
    version::Version,
};
use greenroom_page::binary;
use rustls::ClientConfig;

/// What is started, and with which config.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Of Node.
    version: Version,
    /// With the packages of a whole portal.
    is_whole: bool,
    features: String,
    both: String,
    node: String,
    gateway: String,
    /// What is laid over all else: whoever says there where to listen has said it alone.
    listen: String,
    tls: Option<Arc<ClientConfig>>,
    env: Vec<(String, String)>,
    log: Option<PathBuf>,
}

/// A Node backend, and a gateway in front of it that an operator has started beside it.
#[derive(Debug)]
pub struct Pair {
    /// Listens on loopback only.
    pub node: Backend,
    /// Listens where Node would.
    pub gateway: Backend,
}

impl Setup {
    /// Node with the plugins of this suite.
    pub fn new(version: Version) -> Self {
        let env = [("NODE_ENV", "production")];
        Self {
            version,
            is_whole: false,
            features: "healthcheck,gw,bodies".to_owned(),
            both: String::new(),
            node: String::new(),
            gateway: String::new(),
            listen: String::new(),
            tls: None,
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            log: None,
        }
    }

    /// Node with all packages of a portal, for plugins that need them: those that `tests/portal/node/install.sh` installs.
    #[must_use]
    pub fn whole(features: &str) -> Self {
        Self { is_whole: true, ..Self::new(Version::newest()).features(features) }
    }

    /// With these plugins instead.
    #[must_use]
    pub fn features(mut self, features: &str) -> Self {
        features.clone_into(&mut self.features);
        self
    }

    /// With this config (YAML) for both, in which 17041 stands for the port of each.
    #[must_use]
    pub fn config(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.both);
        self
    }

    /// With this config for Node alone, where it is started beside the gateway.
    #[must_use]
    pub fn on_node(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.node);
        self
    }

    /// With this config for the gateway alone, where it is started beside Node.
    #[must_use]
    pub fn on_gateway(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.gateway);
        self
    }

    /// With this variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Listening as this object says: `listen: {port: 17041}`.
    #[must_use]
    pub fn listen(mut self, yaml: &str) -> Self {
        self.listen = format!("backend: {{{yaml}}}");
        self
    }

    /// Without a word in files on where to listen.
    #[must_use]
    pub fn without_listen(mut self) -> Self {
        "# Not `listen: {}`, a variable.".clone_into(&mut self.listen);
        self
    }

    /// Speaking TLS, which a client believes by this.
    #[must_use]
    pub fn over_tls(mut self, tls: Arc<ClientConfig>) -> Self {
        self.tls = Some(tls);
        self
    }

    /// With what is printed in this file, behind what stands there, and not in memory: for who runs long.
    #[must_use]
    pub fn log_to(mut self, file: &Path) -> Self {
        self.log = Some(file.to_owned());
        self
    }

    /// Node tells each request that its parser has read: see [`crate::saw`].
    #[must_use]
    pub fn that_tells_what_it_saw(self) -> Self {
        self.env("SAW", "1")
    }

    /// Starts Node where clients would ask it.
    pub async fn node_alone(self) -> Backend {
        self.ready(self.node_command(), "node").await
    }

    /// Starts Node on loopback.
    pub async fn node(&self) -> Backend {
        let moved = "backend: {listen: '127.0.0.1:17041', trustProxy: 1}";
        let launch = self.node_command().with_config(moved).with_config(&self.node);
        self.ready(launch, "node").await
    }

    /// Starts Node where another one has listened, and waits for nothing.
    pub fn node_at(&self, port: u16) -> Backend {
        let moved = format!("backend: {{listen: '127.0.0.1:{port}', trustProxy: 1}}");
        let launch = self.node_command().with_config(&moved).with_config(&self.node);
        Backend::spawn(&launch, &self.scenario("node")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a gateway in front of what listens on this port.
    pub async fn gateway(&self, upstream: u16) -> Backend {
        let launch = self.gateway_command(upstream);
        Backend::start(&launch, &self.scenario("gateway")).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts both, as an operator does who has moved Node by hand.
    pub async fn sidecar(&self) -> Pair {
        let node = self.node().await;
        let gateway = self.gateway(node.port()).await;
        gateway
            .await_status(READINESS, 200)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", gateway.output()));
        Pair { node, gateway }
    }

    /// Starts Greenroom, which starts Node.
    pub async fn wrapped(&self) -> Backend {
        self.ready(self.wrapped_command(), "run --gateway").await
    }

    /// The same, and waits for nothing.
    pub fn wrapped_now(&self) -> Backend {
        Backend::spawn(&self.wrapped_command(), &self.scenario("run --gateway"))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts Node where clients would ask it, and waits for nothing.
    pub fn node_alone_now(&self) -> Backend {
        Backend::spawn(&self.node_command(), &self.scenario("node")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// How Greenroom starts a Node backend of this version, given its script.
    pub fn wrapping(version: Version, script: &Path) -> Launch {
        let node = peer::node(version).unwrap_or_else(|error| panic!("{error}"));
        Self::around(Launch::new([greenroom()]), node, script)
    }

    fn around(greenroom: Launch, (node, installed): (PathBuf, PathBuf), script: &Path) -> Launch {
        let words = ["run", "--gateway", "--"].map(OsString::from);
        let words = words.into_iter().chain([node.into(), script.into()]);
        peer::set_up(greenroom.with_arguments(words), &installed)
    }

    fn node_command(&self) -> Launch {
        let (node, installed) = self.node_program();
        self.with_all(peer::set_up(self.program(node).with_arguments([script()]), &installed))
    }

    /// The program, and where its packages are.
    fn node_program(&self) -> (PathBuf, PathBuf) {
        let of_version = peer::node(self.version).unwrap_or_else(|error| panic!("{error}"));
        if !self.is_whole {
            return of_version;
        }
        let installed = peer::target().join("portal-node");
        assert!(
            installed.join("installed").is_file(),
            "no whole Node backend is installed: run `sh tests/portal/node/install.sh`"
        );
        (of_version.0, installed)
    }

    fn gateway_command(&self, upstream: u16) -> Launch {
        let upstream = format!("http://127.0.0.1:{upstream}");
        let words = ["gateway", "--upstream", &upstream].map(str::to_owned);
        // As Node does, so that both see the same address of a client.
        let listens = "backend: {listen: '127.0.0.1:17041'}";
        let launch = self.with_all(self.program(greenroom()).with_arguments(words));
        launch.with_config(listens).with_config(&self.gateway)
    }

    fn wrapped_command(&self) -> Launch {
        let launch = Self::around(self.program(greenroom()), self.node_program(), &script());
        self.with_all(launch).with_config(&self.gateway)
    }

    /// The program; in the place of a shell that opens its log.
    fn program(&self, program: PathBuf) -> Launch {
        let Some(log) = &self.log else { return Launch::new([program]) };
        let shell = ["sh", "-c", "exec \"$@\" >>\"$0\" 2>&1"].map(OsString::from);
        Launch::new(shell).with_arguments([log.clone(), program])
    }

    fn with_all(&self, launch: Launch) -> Launch {
        let launch = self.env.iter().fold(launch, |launch, (name, value)| launch.with_env(name, value));
        let launch = launch.with_config(&self.both);
        match &self.tls {
            Some(tls) => launch.over_tls(tls.clone()),
            None => launch,
        }
    }

    fn scenario(&self, name: &'static str) -> Scenario {
        let (features, config) = (self.features.clone().leak(), self.listen.clone().leak());
        Scenario { name, stage: Stage::One, features, config, env: &[], steps: &[] }
    }

    async fn ready(&self, launch: Launch, name: &'static str) -> Backend {
        let started = async {
            let backend = Backend::start(&launch, &self.scenario(name)).await?;
            match backend.await_status(READINESS, 200).await {
                Ok(()) => Ok(backend),
                Err(error) => Err(std::io::Error::other(format!("{error}\n{}", backend.output()))),
            }
        };
        started.await.unwrap_or_else(|error| panic!("{} {name}: {error}", self.version))
    }
}

/// The script that is this suite's Node backend.
pub fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/backend.js")
}

/// The `greenroom` command: `GREENROOM_BINARY`, else that of this build.
pub fn greenroom() -> PathBuf {
    if let Some(given) = std::env::var_os("GREENROOM_BINARY") {
        return given.into();
    }
    // A program of this package lies beside it, a test one directory below.
    let beside = std::env::current_exe().ok().map(|exe| exe.with_file_name("greenroom"));
    if let Some(beside) = beside.filter(|path| path.is_file()) {
        return beside;
    }
    binary::path("greenroom-cli", "greenroom").unwrap_or_else(|error| panic!("{error}"))
}
