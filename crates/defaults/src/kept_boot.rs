//! Keeps how a start went in the data directory, for whoever asks after a start that failed, and for the next start to be compared with.

use std::sync::Arc;

use greenroom_config::RootConfig;
use greenroom_core::{
    StartError,
    boot::{BootEvent, BootObserver, BootReport},
};
use greenroom_data_dir::{DataDirectory, RecentLines};
use greenroom_logging::{Logger, RootLogger, debug, fields};
use greenroom_ops::{boot_document, kept_boot};

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
        let line = kept_boot(boot_document(&self.report, error, |text| masks.all(text)));
        let file = self.data.path().join(RecentLines::BOOTS);
        if let Err(error) = RecentLines::at(&file).push(&line) {
            // Nothing is lost but a comparison.
            debug!(logger, "How this start went is not kept in {}: {error}", file.display());
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
