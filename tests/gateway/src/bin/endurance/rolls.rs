//! One roll after the other under load: a new backend is started, and once it is ready the old one is asked to stop, which the
//! service hears of late.

use std::{io, path::Path, time::Duration};

use fastrand::Rng;
use futures_util::future::join_all;
use greenroom_conformance::{backend::Backend, version::Version};
use greenroom_gateway_tests::{Setup, process};
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    ready,
    service::{Service, Told},
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 200)]
    rolls: u64,
    /// Of Node alone, without Greenroom
    #[arg(long)]
    direct: bool,
    /// Which requests
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Requests in a second, of all clients that seldom pause
    #[arg(long, value_name = "N", default_value_t = 140.0)]
    rate: f64,
    /// How late the service hears of an endpoint that comes or goes
    #[arg(long, value_name = "MS", default_value_t = 2000)]
    late: u64,
}

/// Clients that ask again at once, by and large.
const BUSY: u32 = 20;
/// Clients that leave a connection idle for longer, but not for as long as it is kept.
const LAZY: u32 = 6;
const LAZY_PAUSE: Duration = Duration::from_millis(2500);
/// Kubernetes kills what has not ended by then.
const GRACE: Duration = Duration::from_secs(30);
/// A start that found its port taken is made again.
const ATTEMPTS: usize = 3;

/// What stands behind the service.
struct Kit {
    setup: Setup,
    is_direct: bool,
}

/// How a roll went.
#[derive(Clone, Copy, Debug, Default)]
struct Roll {
    started: Duration,
    stopped: Duration,
    was_killed: bool,
    failures: u64,
}

/// Makes all rolls, and says what is wrong.
pub(crate) async fn run(options: &Options) -> Vec<String> {
    match rolled(options).await {
        Ok(faults) => faults,
        Err(error) => vec![error.to_string()],
    }
}

async fn rolled(options: &Options) -> io::Result<Vec<String>> {
    let scratch = tempfile::tempdir()?;
    let kit = Kit::new(options.direct, scratch.path());
    let service = Service::new(options.seed);
    let what = if options.direct { "Node alone" } else { "`greenroom run --gateway`" };
    println!(
        "{} rolls of {what}, {} requests a second, endpoints {} ms late",
        options.rolls, options.rate, options.late
    );
    let first = kit.start().await?;
    service.set_endpoints(vec![first.port()]);
    let pause = Duration::from_secs_f64(f64::from(BUSY) / options.rate);
    let clients = (0..BUSY + LAZY).map(|index| {
        let rng = Rng::with_seed(options.seed ^ (u64::from(index) << 32));
        service.client(rng, if index < BUSY { pause } else { LAZY_PAUSE })
    });
    let rolls = async {
        let rolled = roll_all(options, &kit, &service, first).await;
        service.ended.set(true);
        rolled
    };
    let (_, rolled) = tokio::join!(join_all(clients), rolls);
    // The last one runs until nobody asks it any more.
    let (rolls, mut faults, last) = rolled?;
    drop(last);
    report(options, &rolls, &service.told());
    if service.failures() > 0 && !options.direct {
        faults.push(format!("{} requests failed", service.failures()));
    }
    Ok(faults)
}

async fn roll_all(
    options: &Options,
    kit: &Kit,
    service: &Service,
    mut old: Backend,
) -> io::Result<(Vec<Roll>, Vec<String>, Backend)> {
    let (mut rolls, mut faults) = (Vec::new(), Vec::new());
    for number in 1..=options.rolls {
        service.roll.set(number);
        let (failures, begun) = (service.failures(), Instant::now());
        let new = kit.start().await?;
        let started = begun.elapsed();
        let children = old.id().map(process::children).unwrap_or_default();
        let begun = Instant::now();
        old.terminate()?;
        let heard = async {
            sleep(Duration::from_millis(options.late)).await;
            service.set_endpoints(vec![new.port()]);
        };
        let (was_killed, ()) = tokio::join!(kit.ended(&mut old, &mut faults, number), heard);
        let stopped = begun.elapsed();
        for id in children.into_iter().filter(|id| process::runs(*id)) {
            faults.push(format!("roll {number}: process {id} is left behind"));
        }
        let roll = Roll { started, stopped, was_killed, failures: service.failures() - failures };
        println!(
            "roll {number:3}: ready after {:.1} s, ended after {:.1} s{}; failed: {}; requests so far: {}",
            started.as_secs_f64(),
            stopped.as_secs_f64(),
            if was_killed { ", by a SIGKILL" } else { "" },
            roll.failures,
            service.told().requests,
        );
        rolls.push(roll);
        old = new;
    }
    Ok((rolls, faults, old))
}

impl Kit {
    fn new(is_direct: bool, scratch: &Path) -> Self {
        let setup = Setup::new(Version::newest()).features("healthcheck,endure");
        Self { setup: setup.log_to(&scratch.join("backends.log")), is_direct }
    }

    /// Starts one, and waits until it is ready.
    async fn start(&self) -> io::Result<Backend> {
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            let new = if self.is_direct { self.setup.node_alone_now() } else { self.setup.wrapped_now() };
            match ready(&new).await {
                Ok(()) => return Ok(new),
                Err(error) => {
                    println!("a start has failed: {error}");
                    failed = Some(error);
                }
            }
        }
        Err(failed.unwrap_or_else(|| io::Error::other("no start")))
    }

    /// Whether it had to be killed.
    async fn ended(&self, old: &mut Backend, faults: &mut Vec<String>, roll: u64) -> bool {
        let ended = timeout(GRACE, old.exit()).await;
        match ended {
            Ok(Ok(Some(0))) => return false,
            Ok(Ok(code)) => {
                if !self.is_direct {
                    faults.push(format!("roll {roll}: it ended with {code:?}"));
                }
                return false;
            }
            Ok(Err(_)) | Err(_) => {}
        }
        if !self.is_direct {
            faults.push(format!("roll {roll}: it did not end in {GRACE:?}"));
        }
        let _ = old.signal(Signal::KILL);
        let _ = old.exit().await;
        true
    }
}

fn report(options: &Options, rolls: &[Roll], told: &Told) {
    let mut took = told.took.clone();
    took.sort_unstable();
    let percentile = |percent: usize| {
        let rank = (took.len() * percent / 100).min(took.len().saturating_sub(1));
        took.get(rank).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    let longest = |of: fn(&Roll) -> Duration| rolls.iter().map(of).max().unwrap_or_default().as_secs_f64();
    let failed: u64 = told.failed.values().sum();
    println!("\n| {} rolls | |\n| --- | --- |", options.rolls);
    println!("| requests | {} |", told.requests);
    println!("| failed | {failed} |");
    for (what, count) in &told.failed {
        println!("| of these: {what} | {count} |");
    }
    println!("| rolls without a failure | {} |", rolls.iter().filter(|roll| roll.failures == 0).count());
    println!("| connections | {} |", told.connections);
    println!("| of these, because one was found closed before anything was sent | {} |", told.reopened);
    println!("| median, 99th percentile (ms) | {:.1}, {:.1} |", percentile(50), percentile(99));
    for (took, kind, roll) in &told.slowest {
        println!("| one of the slowest (ms) | {:.0}, {kind}, in roll {roll} |", took.as_secs_f64() * 1000.0);
    }
    println!(
        "| longest start, longest stop (s) | {:.1}, {:.1} |",
        longest(|it| it.started),
        longest(|it| it.stopped)
    );
    println!("| killed, as they did not end | {} |", rolls.iter().filter(|roll| roll.was_killed).count());
    for example in &told.examples {
        println!("  {example}");
    }
}
