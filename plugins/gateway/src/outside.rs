//! What an outsider alone sees of the Node backend, as JSON: stalls of its event loop, requests that it has refused, what its log costs,
//! and files that have changed since its start.

use greenroom::config::Masks;
use greenroom_proxy::{Open, Stall, Status, Suspect};
use greenroom_wrap::{Drifted, Spent};
use serde::Serialize;

use crate::{
    Gateway,
    api::{millis, time},
};

/// The part of `/.greenroom/v1/gateway`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outside {
    stalls: Stalls,
    refused: Vec<Refused>,
    log_spend: Option<Vec<Spent>>,
    drift: Option<Vec<Drifted>>,
}

#[derive(Serialize)]
struct Stalls {
    count: u64,
    items: Vec<OneStall>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneStall {
    at: Option<String>,
    kind: &'static str,
    duration_ms: f64,
    goes_on: bool,
    suspects: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    /// `null` for what is below no `/api/<id>`.
    plugin: Option<String>,
    requests: u64,
    /// The one of them that has begun last.
    newest: Option<Open>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    plugin: Option<String>,
    status: u16,
    reason: &'static str,
    count: u64,
    last_at: Option<String>,
}

impl Outside {
    pub(crate) fn of(gateway: &Gateway, status: &Status, masks: &Masks) -> Self {
        let facts = gateway.child_facts();
        let items = status.stalls.iter().map(|of| stall(of, masks)).collect();
        Self {
            stalls: Stalls { count: status.stall_count, items },
            refused: refused(status),
            log_spend: facts.spend(),
            drift: facts.drift(),
        }
    }
}

fn stall(stall: &Stall, masks: &Masks) -> OneStall {
    let named = |Suspect { plugin, requests, newest }: &Suspect| Named {
        plugin: id(plugin),
        requests: *requests,
        // Clients choose it.
        newest: newest.clone().map(|open| Open { path: masks.all(&open.path), ..open }),
    };
    OneStall {
        at: time(stall.at),
        kind: stall.kind.as_str(),
        duration_ms: millis(stall.lasted),
        goes_on: stall.goes_on,
        suspects: stall.suspects.iter().map(named).collect(),
    }
}

fn refused(status: &Status) -> Vec<Refused> {
    let of_plugin = |(plugin, of): (&String, &greenroom_proxy::PluginStatus)| {
        let plugin = id(plugin);
        let one = move |refused: &greenroom_proxy::Refused| Refused {
            plugin: plugin.clone(),
            status: refused.status,
            reason: refused.reason,
            count: refused.count,
            last_at: time(refused.last),
        };
        of.refused.iter().map(one).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = status.plugins.iter().flat_map(of_plugin).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.count));
    all
}

fn id(plugin: &str) -> Option<String> {
    Some(plugin.to_owned()).filter(|id| !id.is_empty())
}
