//! Feature loaders: their own dependencies are checked, built and run before anything else.
//!
//! Contract: plugin-49, plugin-50, plugin-52, plugin-53, plugin-55 to plugin-58.

use std::{future::Future, pin::Pin};

use greenroom_errors::{Error, describe};

use super::{Assembly, Origin, assemble::add_defaults_asked_for, check, cycles};
use crate::{
    boot::{BootReport, StepKind},
    feature::FeatureLoader,
    instances::Instances,
    owner::Fault,
    panics,
    start_error::StartError,
};

/// Runs all loaders, depth first, and sorts in what they bring.
pub(crate) async fn load(assembly: &mut Assembly, instances: &mut Instances) -> Result<(), StartError> {
    let loaders = std::mem::take(&mut assembly.loaders);
    if loaders.is_empty() {
        return Ok(());
    }
    let asked: Vec<_> = loaders.iter().flat_map(|loader| loader.dependencies.clone()).collect();
    add_defaults_asked_for(&mut assembly.graph, &asked);
    assembly.decorate(&instances.made());
    assembly.graph.unowned.extend(cycles::services(&assembly.graph.services));
    refuse(assembly)?;
    level(assembly, instances, loaders, 0).await
}

type Level<'a> = Pin<Box<dyn Future<Output = Result<(), StartError>> + Send + 'a>>;

fn level<'a>(
    assembly: &'a mut Assembly,
    instances: &'a mut Instances,
    loaders: Vec<FeatureLoader>,
    depth: usize,
) -> Level<'a> {
    Box::pin(async move {
        for loader in loaders {
            let description = loader.description.clone();
            assembly.graph.unowned.extend(check::loader(&assembly.graph, &loader.dependencies, &description));
            refuse(assembly)?;
            // The instances borrow the services while they are made.
            instances.services = std::mem::take(&mut assembly.graph.services);
            let features = run(instances, loader).await;
            assembly.graph.services = std::mem::take(&mut instances.services);
            let features = features.map_err(|error| {
                let seen = describe(&error);
                let text =
                    format!("Feature loader {description} failed; caused by {}: {}", seen.name, seen.message);
                StartError::Boot(Error::named("ForwardedError", text))
            })?;
            let made = instances.made();
            let nested = assembly.add(features, &Origin::Loader { depth, description }, &made);
            assembly.decorate(&made);
            refuse(assembly)?;
            level(assembly, instances, nested, depth + 1).await?;
        }
        Ok(())
    })
}

async fn run(instances: &Instances, loader: FeatureLoader) -> Result<Vec<crate::Feature>, Error> {
    let FeatureLoader { dependencies, description, load, .. } = loader;
    let report = &instances.report;
    let step = report.begin(Some(BootReport::START), StepKind::Loader, None, description);
    let brought = async {
        let from = instances.resolve(&dependencies, None, Some(step)).await?;
        report.called(step);
        panics::catch_async(async { load(from).await }).await
    };
    let brought = brought.await;
    report.done(step, brought.is_ok());
    brought
}

fn refuse(assembly: &Assembly) -> Result<(), StartError> {
    let faults: Vec<_> =
        assembly.graph.unowned.iter().map(|error| Fault { owner: None, error: error.clone() }).collect();
    if faults.is_empty() { Ok(()) } else { Err(StartError::Graph(faults)) }
}
