//! The service with a driver made up. Tests named `database_<n>_…` hold the rules of `docs/contract/database.md`.

mod calls;
mod health;
mod made_up;
mod measured;
mod refusals;
mod service;
mod targets;
