//! The replayer's own tests: that it reads every recording, finds no difference where there is none, and every one there is.

mod comparing;
mod logs;
mod playback;
mod process;
mod reading;
mod recorded;
mod recordings;
mod replay;
mod scenarios;
mod score;
