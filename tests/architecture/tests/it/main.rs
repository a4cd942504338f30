//! The invariants that `ARCHITECTURE.md` states, read off the manifests, the sources and the documents.

mod deviations;
mod documents;
mod floors;
mod repository;
mod sources;
