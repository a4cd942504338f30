//! Two live backends, compared by what they answer: before and after an upgrade of Backstage, Node and Greenroom, direct and
//! through a proxy.
//!
//! ```no_run
//! use greenroom_conform::{Conform, Known, Origin, Side};
//! use greenroom_http_client::{ClientEnvironment, HttpClient};
//!
//! # async fn compared() -> Result<(), Box<dyn std::error::Error>> {
//! let side = |url: &str| Ok::<_, String>(Side { origin: Origin::parse(url)?, token: None });
//! let conform = Conform::new(side("http://localhost:7007")?, side("http://localhost:7008")?);
//! let client = HttpClient::builder(ClientEnvironment::from_process()).build();
//! let report = conform.run(&client, Known::default()).await?;
//! println!("{}", report.text());
//! # Ok(())
//! # }
//! ```
//!
//! [`Conform::run`] asks both sides the requests of a corpus (`corpus.rs`), in pairs, at a bounded rate. Two answers are
//! compared (`compare.rs`) by status, headers in any order, and content, JSON by its structure; what changes by nature is
//! replaced first, by rules that have names ([`NORMALISERS`]). What differs and is meant stands in a file ([`Known`]). A
//! [`Report`] tells all of it, as text, JSON or JUnit's XML.
//!
//! Only safe methods are used unless others are asked for by name. This crate must not know what Greenroom answers: it knows
//! Backstage's paths, and takes both sides for strangers.

mod area;
mod compare;
mod corpus;
mod html;
mod known;
mod logs;
mod normalise;
mod origin_names;
mod probe;
mod reply;
mod report;
mod run;
mod shown;
mod side;

pub use area::Area;
pub use compare::Difference;
pub use corpus::{Also, GUEST, MOST_NAMED, PLUGINS, PROVIDERS, Wanted};
pub use known::{Known, KnownDifference};
pub use logs::LogShape;
pub use normalise::NORMALISERS;
pub use report::{Checked, Count, Report, Subject, Unreachable, Verdict};
pub use run::{Conform, Pace};
pub use side::{Origin, Side, Token, Which};
