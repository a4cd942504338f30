//! What every backend tells of itself as metrics: its process, its runtime, its start, its checks, its lines. All of it is asked for
//! when somebody reads it, and costs nothing in between.

mod boot;
mod health;
mod log;
mod memory;
mod process;
mod runtime;

use greenroom_core::{InstanceMetadata, Service, ServiceFactory, boot::BootReport, scope, service};
use greenroom_health::HealthRegistry;
use greenroom_logging::RootLogger;
use greenroom_metrics::{LogRecords, MetricsRegistry};

/// That they are told.
#[derive(Clone)]
pub(crate) struct OwnMetrics;

impl Service for OwnMetrics {
    const ID: &'static str = "greenroom.ownMetrics";
    type Scope = scope::Root;
}

impl OwnMetrics {
    pub(crate) fn factory() -> ServiceFactory {
        service(
            async |registry: MetricsRegistry,
                   records: LogRecords,
                   report: BootReport,
                   metadata: InstanceMetadata,
                   checks: HealthRegistry,
                   logger: RootLogger| {
                let metrics = registry.own();
                process::tell(metrics);
                memory::tell(metrics);
                runtime::tell(metrics);
                boot::tell(metrics, report, metadata);
                health::tell(metrics, checks);
                records.told_by(&registry);
                log::tell(metrics, logger);
                Ok(Self)
            },
        )
    }
}
