//! The run of a mixed load in trouble, and what may be said against it in the end.

mod load;
mod report;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    time::Duration,
};

use fastrand::Rng;
use greenroom_conformance::{backend::Backend, version::Version};
use greenroom_gateway_tests::{Setup, process};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    harm::{Away, Harms},
    outcome::Table,
    ready,
    script::Script,
    watch::{Sample, Status, TOKEN},
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long requests come
    #[arg(long, value_name = "N", default_value_t = 60)]
    minutes: u64,
    /// Which requests and which harms: the same number, the same ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Requests in a second
    #[arg(long, value_name = "N", default_value_t = 70.0)]
    rate: f64,
    /// Where the gateway's log goes, a few hundred bytes for each request; it is deleted in the end if it is left out
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// Idle connections of clients.
const MOST_KEPT: usize = 24;
/// In the end all is quiet after that: connections to Node are kept for half a minute, and the last clients have their patience.
const QUIET_WITHIN: Duration = Duration::from_secs(120);
/// So many faults of a kind are told when they happen.
const MOST_TOLD: u64 = 3;
/// What clients have just left may be open for another moment.
const SLACK: u64 = 64;

/// A run.
struct Chaos {
    port: u16,
    process: u32,
    began: Instant,
    away: RefCell<Away>,
    table: RefCell<Table>,
    /// What is wrong, and how often.
    faults: RefCell<BTreeMap<String, u64>>,
    kept: RefCell<Vec<Client>>,
    open: Cell<usize>,
    ended: Cell<bool>,
    samples: RefCell<Vec<Sample>>,
}

/// Runs it, and says what is wrong.
pub(crate) async fn run(options: &Options) -> Vec<String> {
    let Ok(scratch) = tempfile::tempdir() else { return vec!["there is no place for a log".to_owned()] };
    let log = options.log.clone().unwrap_or_else(|| scratch.path().join("greenroom.log"));
    let setup = Setup::new(Version::newest())
        .features("healthcheck,endure")
        .env("RAW_UPGRADES", "1")
        .env("GREENROOM_OPS_TOKEN", TOKEN)
        .on_gateway("greenroom: {run: {restart: on-failure}}")
        .log_to(&log);
    let mut gateway = setup.wrapped_now();
    if let Err(error) = ready(&gateway).await {
        return vec![format!("no start: {error}; see {}", log.display())];
    }
    let Some(process) = gateway.id() else { return vec!["it has ended".to_owned()] };
    let chaos = Chaos {
        port: gateway.port(),
        process,
        began: Instant::now(),
        away: RefCell::default(),
        table: RefCell::default(),
        faults: RefCell::default(),
        kept: RefCell::default(),
        open: Cell::new(0),
        ended: Cell::new(false),
        samples: RefCell::default(),
    };
    println!("chaos: {} minutes, seed {}, {} requests a second", options.minutes, options.seed, options.rate);
    chaos.all(options).await;
    chaos.stop(&mut gateway).await;
    chaos.report(options, &log);
    chaos.faults.into_inner().into_iter().map(|(what, count)| format!("{count} × {what}")).collect()
}

impl Chaos {
    async fn all(&self, options: &Options) {
        let start = match self.quiet(None).await {
            Some(start) => start,
            None => return,
        };
        self.tell(&format!("begins with {start:?}"));
        let until = Instant::now() + Duration::from_secs(60 * options.minutes);
        let tell = |what: &str| self.tell(what);
        let mut harms = Harms {
            rng: Rng::with_seed(options.seed ^ 0x6861_726d),
            port: self.port,
            process: self.process,
            away: &self.away,
            killed: None,
            in_a_row: 0,
            tell: &tell,
        };
        let harmed = async {
            if let Err(error) = harms.run(until).await {
                self.fault(error.to_string());
            }
        };
        let loaded = async {
            self.load(Script::new(options.seed, options.rate), until).await;
            self.ended.set(true);
        };
        tokio::join!(loaded, harmed, self.watch(start));
        self.tell("the load has ended");
        self.kept.borrow_mut().clear();
        if let Some(end) = self.quiet(Some(start)).await {
            self.tell(&format!("ends with {end:?}"));
        }
    }

    /// Looks at the process every ten seconds, and tells of it every minute, while the load goes on.
    async fn watch(&self, start: Sample) {
        let mut next = Instant::now();
        for round in 1_u64.. {
            next += Duration::from_secs(10);
            while Instant::now() < next {
                if self.ended.get() {
                    return;
                }
                sleep(Duration::from_millis(200)).await;
            }
            let Ok(sample) = Sample::of(self.process) else {
                return self.fault("Greenroom has ended".to_owned());
            };
            self.samples.borrow_mut().push(sample);
            // Each of ours has a connection to Node, too.
            let most = start.descriptors + 2 * self.open.get() + 2 * MOST_KEPT + 2 * 64;
            if sample.descriptors > most {
                self.fault(format!(
                    "{} descriptors, of {most} that {} may need",
                    sample.descriptors,
                    self.open.get()
                ));
            }
            if round % 6 == 0 {
                self.minute(sample).await;
            }
        }
    }

    async fn minute(&self, sample: Sample) {
        let status = match Status::of(self.port).await {
            Ok(status) => status,
            Err(error) => return self.fault(format!("Greenroom says nothing of itself: {error}")),
        };
        let open = self.open.get();
        self.tell(&format!(
            "RSS {:.1} MiB ({:.1} its own), {} descriptors, {} threads; {} in flight, {} streams, {} tunnels, of {open}; {} \
             requests; to Node: {}, {} open, {} connects, {} retries",
            sample.resident,
            sample.own,
            sample.descriptors,
            sample.threads,
            status.in_flight,
            status.streams,
            status.tunnels,
            self.table.borrow().total(),
            status.state,
            status.open_connections,
            status.connects,
            status.retries,
        ));
        if status.open() > open as u64 + SLACK {
            self.fault(format!("{status:?} are more than the {open} that are under way"));
        }
    }

    /// Waits until nothing is under way, and there are no more descriptors than at the start.
    async fn quiet(&self, start: Option<Sample>) -> Option<Sample> {
        let begun = Instant::now();
        loop {
            let (status, sample) = (Status::of(self.port).await, Sample::of(self.process));
            let is_quiet = match (&status, &sample, &start) {
                (Ok(status), Ok(sample), Some(start)) => {
                    status.open() == 0 && sample.descriptors <= start.descriptors
                }
                (Ok(status), Ok(_), None) => status.open() == 0 && status.open_connections == 0,
                _ => false,
            };
            if is_quiet {
                return sample.ok();
            }
            if begun.elapsed() > QUIET_WITHIN {
                self.fault(format!("it never is quiet: {status:?}, {sample:?}, at the start {start:?}"));
                return None;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn stop(&self, gateway: &mut Backend) {
        let children = process::children(self.process);
        if let Err(error) = gateway.terminate() {
            return self.fault(error.to_string());
        }
        match gateway.exit().await {
            Ok(Some(0)) => {}
            other => self.fault(format!("its end is {other:?}")),
        }
        for id in children.into_iter().filter(|id| process::runs(*id)) {
            self.fault(format!("process {id} is left behind"));
        }
    }

    fn tell(&self, what: &str) {
        println!("{:7.1} s  {what}", self.began.elapsed().as_secs_f64());
    }

    fn fault(&self, what: String) {
        self.faults_like(what.clone(), &what);
    }

    /// One of a kind of which there may be thousands: the first ones are told in full.
    fn faults_like(&self, kind: String, what: &str) {
        let mut faults = self.faults.borrow_mut();
        let count = faults.entry(kind).or_insert(0_u64);
        *count += 1;
        if *count <= MOST_TOLD {
            self.tell(&format!("FAULT {what}"));
        }
    }
}
