//! What the observability page shows, through real programs, real HTTP and a pipe.

mod child;
mod command;
mod demo;
mod documents;
mod examples;
mod health;
mod listening;
mod load;
mod logging;
mod ops;
mod refusals;
mod rum;
mod signals;
mod telemetry;
