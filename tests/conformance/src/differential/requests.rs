//! Requests as a browser, a curious person or an attacker would send them.

use super::{Case, Random};

const FAILURES: &[&str] = &[
    "sync",
    "async",
    "input",
    "authn",
    "notallowed",
    "notfound",
    "conflict",
    "notmodified",
    "unavailable",
    "notimpl",
    "cause",
    "forwarded",
    "customname",
    "statuscode",
    "statusstr",
    "str",
    "obj",
    "nextstr",
    "database",
    "aggregate",
    "response",
];
const WORDS: &[&str] = &[
    "a",
    "B",
    "7",
    "a-b",
    "x.y",
    "%41",
    "a%2Fb",
    "a%20c",
    "%C3%A9",
    "%E2%82%AC",
    "..",
    ".",
    "%2e%2e",
    "a+b",
    "~",
    "a;b=c",
    "*",
    ":p",
    "{p}",
    "$&",
    "a,b",
    "'",
    "(x)",
    "!",
    "@",
    "a=b",
    "%00",
    "%zz",
    "%ff",
    "%",
    "%4",
];
const QUERIES: &[&str] = &[
    "?",
    "?x=1",
    "?x=%zz",
    "?a=1&a=2",
    "?a[]=1&b[c]=2",
    "?ct=image/png",
    "?ct=application/json",
    "?ct=text/html",
    "?q=a%20b",
    "?/..",
    "??",
    "?token=abc&x=1",
    "?a=%ff",
];
const METHODS: &[&str] = &[
    "POST", "POST", "POST", "HEAD", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "PURGE",
    "M-SEARCH", "TRACE", "get", "FOO",
];
const JSON: &[&str] = &[
    "{}",
    "[]",
    "{\"a\":1}",
    "[1,2,3]",
    "{\"a\":{\"b\":[null,true,1.5e3]}}",
    "{\"k\":\"\\u00e9\"}",
    "{\"é\":\"€\"}",
    "\"text\"",
    "1",
    "null",
    "true",
    " {} ",
    "\n[1]\n",
    "{\"a\":",
    "{\"a\"}",
    "{a:1}",
    "{\"a\":1,}",
    "[1,]",
    "[",
    "]",
    "x",
    "{'a':1}",
    "{\"a\":01}",
    "{\"a\":1e2}",
    "{\"a\":-0}",
    "{\"a\":1}x",
    "\u{feff}{\"a\":1}",
    "{\"a\":\"\t\"}",
    "{\"a\":\"\\x\"}",
    "{\"a\":tru}",
    "{\"a\":nul",
    "{\"b\":1,\"a\":2,\"1\":3}",
    "{\"__proto__\":1}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1234567890123}",
];
const TYPES: &[&str] = &[
    "application/json",
    "application/json",
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json; charset=latin1",
    "application/json; charset=foo",
    "APPLICATION/JSON",
    "application/vnd.api+json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "json",
];

/// Headers that a server may act on, with values that it may or may not expect.
const HEADERS: &[(&str, &[&str])] = &[
    (
        "Accept-Encoding",
        &[
            "gzip",
            "br",
            "deflate",
            "identity",
            "gzip;q=0",
            "*",
            "br;q=0.1, gzip",
            "",
            "GZIP",
            "zstd",
            "gzip, deflate, br",
            "*;q=0",
            "x-gzip",
            "gzip;q=2",
            "identity;q=0",
        ],
    ),
    ("Accept", &["*/*", "text/html", "application/json", "application/xml", ""]),
    (
        "If-None-Match",
        &[
            "*",
            "W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\"",
            "\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\"",
            "\"x\"",
            "W/\"x\", W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\"",
            "",
        ],
    ),
    ("If-Modified-Since", &["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "x"]),
    ("If-Match", &["*", "\"x\""]),
    ("Cache-Control", &["no-cache", "max-age=0", "no-store"]),
    ("Range", &["bytes=0-3", "bytes=-1", "bytes=9-2", "lines=1-2"]),
    ("Expect", &["100-continue", "100-Continue", "foo", ""]),
    ("Origin", &["http://evil.example", "null", "http://localhost:3000"]),
    ("Access-Control-Request-Method", &["POST", "x"]),
    ("Referer", &["http://ref.example/x?y=1", "http://ref.example/\"q\"", "-"]),
    ("X-Forwarded-For", &["1.2.3.4", "1.2.3.4, 5.6.7.8", "x"]),
    ("X-Forwarded-Proto", &["https"]),
    ("X-Forwarded-Host", &["foo.example"]),
    ("X-HTTP-Method-Override", &["DELETE"]),
    ("Connection", &["close", "keep-alive", "Keep-Alive, x", "upgrade"]),
    ("Upgrade", &["websocket", "h2c"]),
    ("Cookie", &["a=b", "backstage-auth=x; c=d", ""]),
    ("Content-Encoding", &["gzip", "identity", "br2", "deflate"]),
    ("X-Odd", &["caf\u{e9}", "tab\there", " spaces ", "\"quoted\"", "a,b"]),
    ("Te", &["trailers"]),
    ("Purpose", &["prefetch"]),
];

/// Makes a request.
pub fn request(random: &mut Random) -> Case {
    let mut case = Case::get(&target(random));
    if random.percent(35) {
        spoil(&mut case.path, random);
    }
    if random.percent(20) {
        case.query = random.one(QUERIES).as_bytes().to_owned();
    }
    if random.percent(40) {
        case.method = random.one(METHODS).to_owned();
    }
    let json =
        case.path.ends_with(b"/json") || case.path.ends_with(b"json10") || case.path.ends_with(b"queue");
    if json && random.percent(85) {
        case.method = "POST".to_owned();
    }
    if case.method == "POST" || random.percent(8) {
        body(&mut case, random);
    }
    // The size of `json10` is told by its length alone, whatever else is wrong.
    if case.path.windows(6).any(|part| part.eq_ignore_ascii_case(b"json10")) {
        (case.headers, case.chunked) =
            (vec![("Content-Type".to_owned(), "application/json".to_owned())], false);
        return case;
    }
    while random.percent(45) {
        let (name, values) = HEADERS[random.below(HEADERS.len())];
        if case.header(name).is_none() {
            case.headers.push((name.to_owned(), random.one(values).to_owned()));
        }
    }
    if random.percent(4) {
        case.version = "1.0";
    }
    if random.percent(2) {
        case.host = false;
    }
    case
}

fn target(random: &mut Random) -> String {
    let word = random.one(WORDS);
    match random.below(24) {
        0 | 1 => "/healthcheck".to_owned(),
        2 => format!("/healthcheck/{word}"),
        3 => "/.backstage/health/v1/readiness".to_owned(),
        4 => "/.backstage/health/v1/liveness".to_owned(),
        5 => format!("/.backstage/{word}"),
        6 => "/".to_owned(),
        7 => format!("/{word}"),
        8 => format!("/api/{word}"),
        9 => format!("/api/tasks/{word}"),
        10 => format!("/api/tasks/task/{word}/queue"),
        11 => format!("/api/tasks/task/{word}/results"),
        12..=15 => format!("/api/errs/{}", random.one(FAILURES)),
        16 => format!("/api/errs/big/{}", random.one(&["0", "1", "1023", "1024", "1025", "2000", "70000"])),
        17 | 18 => format!("/api/errs/param/{word}"),
        19 => "/api/errs/ip".to_owned(),
        20 | 21 => "/api/errs/json".to_owned(),
        22 => "/api/errs/json10".to_owned(),
        _ => format!("/api/errs/{word}"),
    }
}

/// Changes a path in one place.
fn spoil(path: &mut Vec<u8>, random: &mut Random) {
    let slashes: Vec<usize> = (0..path.len()).filter(|&at| path[at] == b'/').collect();
    let slash = slashes[random.below(slashes.len())];
    let at = random.below(path.len());
    match random.below(10) {
        0 => path.push(b'/'),
        1 => path.insert(slash, b'/'),
        2 => drop(path.splice(slash..slash, *b"/.")),
        3 => drop(path.splice(slash..slash, *b"/x/..")),
        4 => path[at] = path[at].to_ascii_uppercase(),
        5 => path.make_ascii_uppercase(),
        6 if path[at].is_ascii_alphabetic() => {
            let encoded = format!("%{:02x}", path[at]);
            drop(path.splice(at..=at, encoded.into_bytes()));
        }
        7 => drop(path.splice(path.len().., *b"//")),
        8 => path.extend(
            random.one(&["%", "%zz", "%ff", "%2F", "%00", ";x", "\\", "|", "#f", "\u{e9}", "^", "`"]).bytes(),
        ),
        _ => path.truncate(at.max(1)),
    }
}

fn body(case: &mut Case, random: &mut Random) {
    case.headers.push(("Content-Type".to_owned(), random.one(TYPES).to_owned()));
    case.body = match random.below(20) {
        0 => Vec::new(),
        1 => format!("{{\"a\":\"{}\"}}", "x".repeat(100 * 1024 - 8)).into_bytes(),
        2 => format!("{{\"a\":\"{}\"}}", "x".repeat(100 * 1024 - 7)).into_bytes(),
        3 => b"{\"a\":\"\xff\xfe\"}".to_vec(),
        4 => b"\xff".to_vec(),
        _ => random.one(JSON).as_bytes().to_owned(),
    };
    case.chunked = random.percent(25);
}
