//! `greenroom why`, `probes` and `boot` beside staged faults, each a real server: the Node backend, Greenroom around it and in front of it,
//! nginx, PostgreSQL, and sockets that speak something else. Needs nginx, PostgreSQL and the Node backends,
//! `sh tests/conformance/peer/install.sh`.
//!
//! | fault | who has it | cause |
//! | --- | --- | --- |
//! | nobody listens | a free port | `refused` |
//! | a name that nobody has | the system's resolver | `nameUnknown` |
//! | a connection that is closed at once | a socket | `closedEarly` |
//! | a connection that is never answered | a socket | `noAnswer` |
//! | another protocol | a socket | `notHttp` |
//! | a certificate that nobody vouches for | Greenroom, `backend.https: true` | `certificate` |
//! | https to a port of plain HTTP | nginx | `notTls` |
//! | plain HTTP to a port of TLS | nginx | `plainToTls` |
//! | the page of a web server | nginx | `notBackstage` |
//! | an ingress without a backend | nginx | `ingress` |
//! | a sign-in in front of health | nginx | `loginPage` |
//! | `/api` routed elsewhere | nginx in front of Node | `apiNotRouted` |
//! | a path below which nothing is | Node | `wrongPath` |
//! | a plugin that holds the start | Node | `startWaits` |
//! | a plugin that fails, and may | Node | `pluginNotStarted`, by its log `pluginFailed` |
//! | a plugin that fails the start | Node | by its log `startFailed` |
//! | a port that is taken | Node | by its log `portTaken` |
//! | a process that is stopped | Node | `noAnswer` |
//! | a backend that shuts down | Node | `shuttingDown` |
//! | PostgreSQL standing still | Node on PostgreSQL | `databaseHangs` |
//! | PostgreSQL stopped | Node on PostgreSQL | `databaseDown` |
//! | another ops token | Greenroom | `opsTokenRefused` |
//! | an upstream that is away | `greenroom gateway` | `upstreamDown` |
//! | a plugin that fails, and may | Greenroom around Node | `pluginFailed` |
//! | a plugin that holds the start | Greenroom around Node | `startWaits` |
//! | a plugin that fails the start | Greenroom around Node | `startFailed` |
//! | an event loop that computes | Greenroom around Node | `eventLoop` |
//! | an event loop whose process is stopped | Greenroom around Node | `eventLoop` |
//! | one database that several plugins lack | Greenroom around Node | `databaseDown` |
//! | the same, at once | Greenroom around Node, ended | `databaseDown` |
//! | a heap that is full | Greenroom around Node, ended | `v8HeapLimit` |
//! | an abort, a kill | Greenroom around Node, ended | `abort`, `killed` |
//! | an end before it listened | Greenroom around Node, ended | `neverListened` |
//! | a start of its own that failed | Greenroom, ended | `startFailed` |

mod boots;
#[allow(dead_code, reason = "it is the driver's own tests' too")]
#[path = "../../../../crates/database-postgres/tests/server/cluster.rs"]
mod cluster;
mod ended;
#[allow(dead_code, reason = "it is the look's own tests' too")]
#[path = "../look/ingress.rs"]
mod ingress;
mod node;
mod strangers;
mod told;
mod wrapped;
