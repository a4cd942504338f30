//! Keeps how a start went in the data directory, for whoever asks after a start that failed, and for the next start to be compared with.

use std::sync::Arc;

use greenroom_boot_document::{BootDocument, KeptBoots};
use greenroom_config::RootConfig;
use greenroom_core::{
    StartError,
    boot::{BootEvent, BootObserver, BootReport},
};
use greenroom_data_dir::DataDirectory;
use greenroom_logging::{Logger, RootLogger, debug, fields};

/// What keeps it.
pub(crate) struct KeptBoot {
    pub(crate) report: BootReport,
    pub(crate) data: DataDirectory,
    pub(crate) config: RootConfig,
}

impl KeptBoot {
    /// The observer that is told of all, and this beside it.
    pub(crate) fn beside(
        self,
        observer: Arc<dyn BootObserver>,
        logger: &RootLogger,
    ) -> Arc<dyn BootObserver> {
        let logger = logger.child(fields! { service: "boot" });
        Arc::new(Beside { kept: self, logger, observer })
    }

    /// At once: a process whose start has failed ends now.
    fn keep(&self, error: Option<&StartError>, logger: &Logger) {
        let masks = self.config.masks();
        let boot = BootDocument::of_report(&self.report, error, |text| masks.all(text));
        if let Err(error) = KeptBoots::in_dir(self.data.path()).push(boot) {
            // Nothing is lost but a comparison.
            debug!(logger, "How this start went is not kept in {}: {error}", self.data.path().display());
        }
    }
}

struct Beside {
    kept: KeptBoot,
    logger: Logger,
    observer: Arc<dyn BootObserver>,
}

impl BootObserver for Beside {
    fn on(&self, event: &BootEvent<'_>) {
        self.observer.on(event);
        match event {
            BootEvent::Ready { .. } => self.kept.keep(None, &self.logger),
            BootEvent::StartFailed(error) => self.kept.keep(Some(error), &self.logger),
            _ => {}
        }
    }

    fn close(&self) {
        self.observer.close();
    }
}
