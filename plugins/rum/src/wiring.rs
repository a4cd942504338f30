//! What takes events, by the mode: where they are kept, and through what they leave.

use std::{sync::Arc, time::Duration};

use greenroom::{
    core::{Phase, boot::Deadlines},
    data_dir::DataDirectory,
    prelude::*,
};
use greenroom_plugin_rum_store::{Limits, Store, route::Routes, source_maps::Symbolicator};
use greenroom_proxy::Documents;

use crate::{
    browser_pages::Shown,
    counts::Counts,
    forward::{self, Queue},
    intake::{Intake, Sender},
    keep::{self, Keeper, RequestQueue},
    settings::{Forwarding, Retention},
    setup::Setup,
    troubles::Troubles,
};

/// What the plugin asks for.
#[derive(Deps)]
pub(crate) struct Needs {
    pub(crate) logger: Logger,
    pub(crate) root: RootHttpRouter,
    pub(crate) config: RootConfig,
    pub(crate) data: DataDirectory,
    pub(crate) lifecycle: RootLifecycle,
    pub(crate) documents: Documents,
    pub(crate) metrics: Metrics,
    health: HealthChecks,
    instance: InstanceMetadata,
    client: HttpClient,
    database: Database,
}

/// The intake, where browsers send to this backend, and what keeps events.
pub(crate) async fn wire(
    setup: &Arc<Setup>,
    needs: &Needs,
    shown: Shown,
    counts: &Arc<Counts>,
) -> Result<(Option<Intake>, Option<Arc<Keeper>>)> {
    let rum = &setup.rum;
    if !rum.way.has_intake() {
        return Ok((None, None));
    }
    let troubles = Troubles::start(needs.logger.clone());
    let keeper = match rum.way.retention() {
        Some(retention) => Some(keeper(setup, needs, shown, (retention, counts), &troubles).await?),
        None => None,
    };
    let sender = match rum.way.forwarding() {
        Some(forwarding) => Some(sender(needs, forwarding, &troubles)?),
        None => None,
    };
    tell_rest_at_stop(needs, &troubles)?;
    let intake = Intake::new(rum, keeper.clone(), sender, counts.clone(), troubles);
    Ok((Some(intake), keeper))
}

async fn keeper(
    setup: &Arc<Setup>,
    needs: &Needs,
    shown: Shown,
    (retention, counts): (&Retention, &Arc<Counts>),
    troubles: &Arc<Troubles>,
) -> Result<Arc<Keeper>> {
    let base = |key: &str| needs.config.optional_string(key).ok().flatten().unwrap_or_default();
    let bases = [base("app.baseUrl"), base("backend.baseUrl")];
    let routes = Routes::new(bases.iter().map(|base| &**base).filter(|base| !base.is_empty()));
    let sources = Symbolicator::new(shown.maps.clone(), routes.clone(), needs.logger.clone());
    let keeper = Keeper::new(routes, sources.clone(), troubles.clone());
    let limits = Limits { age: retention.age(), bytes: retention.bytes };
    shown.mount(keeper.clone(), sources, retention.days(), counts, setup)?;
    let logger = needs.logger.clone();
    let opened = move |store: Store| keep::sweep(store, limits, logger.clone());
    keep::open(needs.database.clone(), keeper.clone(), needs.logger.clone(), opened).await;

    let requests = RequestQueue::start(keeper.clone(), troubles.clone(), needs.instance.id());
    let finished = requests.clone();
    needs.root.on_finished(needs.logger.clone(), move |request| finished.note(request));
    let flush = async move || {
        requests.flush().await;
        Ok(())
    };
    needs.lifecycle.add_hook_in(Phase::Flush, "keep requests that wait", Duration::from_secs(5), flush)?;
    Ok(keeper)
}

/// A stop sends what waits once requests have been answered, for as long as root hooks may take.
fn sender(needs: &Needs, forwarding: &Forwarding, troubles: &Arc<Troubles>) -> Result<Sender> {
    let queue = Queue::start(&needs.client, needs.logger.clone(), troubles.clone());
    let most = needs.config.optional_duration("greenroom.deadlines.shutdownHook")?;
    let most = most.unwrap_or(Deadlines::default().shutdown_hook);
    let (waiting, troubles) = (queue.clone(), troubles.clone());
    // It ends by itself, and says with what: whoever gives it up would not know.
    let given_up = most.saturating_add(Duration::from_secs(1));
    needs.lifecycle.add_hook_in(
        Phase::Shutdown,
        "send browser events that wait",
        given_up,
        async move || {
            let lost = waiting.finish(most).await;
            troubles.tell_rest();
            troubles.lost(lost);
            Ok(())
        },
    )?;
    forward::tell(queue.clone(), &forwarding.intake, &needs.health);
    Ok(Sender::new(queue, forwarding))
}

/// What was counted and not told yet is told before the end.
fn tell_rest_at_stop(needs: &Needs, troubles: &Arc<Troubles>) -> Result {
    let troubles = troubles.clone();
    let tell = async move || {
        troubles.tell_rest();
        Ok(())
    };
    needs.lifecycle.add_hook_in(
        Phase::Flush,
        "tell what became of browser events",
        Duration::from_secs(1),
        tell,
    )?;
    Ok(())
}
