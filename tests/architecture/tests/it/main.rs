//! The invariants that `ARCHITECTURE.md` states, read off the manifests, the sources and the documents.

mod contract;
mod deviations;
mod documents;
mod floors;
mod locks;
mod repository;
mod sources;
mod suites;
