//! The line that the old backend's catalog prints, in its format and in ours.

use std::time::Duration;

use greenroom::{
    logging::{Format, RootLogger},
    prelude::*,
};

// region: line
fn refresh(root: &RootLogger) {
    let plugin = root.child(fields! { "type": "plugin", plugin: "catalog" });
    let component = plugin.child(fields! { component: "catalog-all-locations-refresh" });
    component.info("Locations Refresh: Refreshing location bootstrap:bootstrap");
}

fn main() {
    for format in [Format::Node155Json, Format::Backstage] {
        let root = RootLogger::builder().format(format).build();
        refresh(&root);
        root.flush(Duration::from_secs(1));
    }
}
// endregion
