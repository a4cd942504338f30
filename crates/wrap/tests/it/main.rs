//! A child process, from its command line to its end. The children are shells, and this program itself.

mod child;
mod command;
mod drift;
mod handover;
mod kit;
mod last_words;
mod off;
mod output;
mod pid1;
mod ports;
mod restart;
mod settings;
mod signals;
mod start;
mod stop;
mod supervisor;
