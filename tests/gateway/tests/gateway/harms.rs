//! What a child or who reads our output may do to us: an output that nobody takes, a disk that is full, a flood, crashes in a row, a
//! restart by its own watcher, more requests than there is room for, tokens that nobody has issued.

mod around;

use std::{
    fs::{self, OpenOptions},
    io::{self, Read},
    process::Stdio,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use futures_util::future::join_all;
use greenroom_conformance::ports::free_port;
use greenroom_gateway_tests::{DEADLINE, in_time, process};
use serde_json::Value;
use tokio::task::spawn_blocking;

use self::around::Around;

/// Many times what pipes and buffers hold.
const FLOOD: usize = 300_000;
/// What a flood may cost in memory, whoever reads it: the log's buffers, the pipe, what an allocator keeps.
const MOST: usize = 96 << 20;

/// The number of a line of the flood, in a line of the log that is no list of last lines.
fn number(line: &str) -> Option<usize> {
    let (head, rest) = line.split_once(r#""message":"line "#)?;
    rest.split_once(" of a flood").filter(|_| !head.contains("lastLines"))?.0.parse().ok()
}

#[tokio::test]
async fn gateway_80_an_output_that_nobody_reads_costs_no_memory_and_no_request_and_why_node_ended_is_told_when_it_is_read()
 {
    let (mut unread, stdout) = io::pipe().expect("a pipe");
    let mut around = Around::start(stdout.into(), &[], "").await;
    let (ours, nodes) = around.memory().await;
    for _ in 0..2 {
        assert_eq!(around.get(&format!("/flood/{FLOOD}")).await, (200, "flooded".to_owned()));
        let (now, of_node) = around.memory().await;
        assert!(now < ours + MOST && of_node < nodes + MOST, "{ours} {now}, Node {nodes} {of_node}");
    }
    assert_eq!(around.get("/exit/7").await.0, 200);
    around.child_ends().await;
    #[expect(clippy::disallowed_methods, reason = "it belongs to a test, and to no backend")]
    let read = spawn_blocking(move || {
        let mut bytes = Vec::new();
        unread.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    assert_eq!(around.exit().await, Some(7));
    let output = in_time("all that was printed", read).await.expect("a thread").expect("a pipe is read");

    let flood: Vec<_> = output.lines().filter_map(number).collect();
    // It goes on where it was taken again; where there was no room for a line, there may have been some for a shorter one.
    let breaks = flood.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count();
    assert!(flood.len() > 1000 && flood[0] == 1 && breaks < 60, "{breaks} breaks in {} lines", flood.len());
    let records: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let dropped: u64 = records.iter().filter_map(|record| record["dropped"].as_u64()).sum();
    assert!(dropped >= (2 * FLOOD - flood.len()) as u64, "{dropped} of {}", 2 * FLOOD - flood.len());
    let end = records.iter().find(|record| record["cause"] == "exit").unwrap_or_else(|| panic!("{output}"));
    let last: Vec<_> = end["lastLines"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    assert_eq!((&end["code"], last.last()), (&Value::from(7), Some(&"the last words")), "{end}");
    for line in FLOOD - 8..=FLOOD {
        let text = format!("line {line} of a flood");
        assert!(last.iter().any(|it| it.starts_with(&text)), "{text}: {end}");
    }
}

#[tokio::test]
async fn gateway_80_a_disk_that_is_full_costs_no_memory_and_no_request_and_is_told_once() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("the device of that name");
    let mut around = Around::start(full.into(), &[], "").await;
    let (ours, nodes) = around.memory().await;
    assert_eq!(around.get(&format!("/flood/{FLOOD}")).await, (200, "flooded".to_owned()));
    let (now, of_node) = around.memory().await;
    assert!(now < ours + MOST && of_node < nodes + MOST, "{ours} {now}, Node {nodes} {of_node}");
    assert_eq!(around.get("/ok").await.0, 200);
    assert_eq!(around.get("/exit/7").await.0, 200);
    assert_eq!(around.exit().await, Some(7));
    let told = around.stderr().await;
    assert_eq!(told.matches("the log cannot be written: No space left on device").count(), 1, "{told}");
}

#[tokio::test]
async fn gateway_81_whatever_is_printed_is_a_record_and_no_part_of_a_secret_is_in_one() {
    const SECRET: &str = "a-secret-that-is-printed";
    let config = format!(
        "backend: {{auth: {{externalAccess: [{{type: static, options: {{token: {SECRET}, subject: it}}}}]}}}}"
    );
    let mut around = Around::start(Stdio::piped(), &[("SECRET", SECRET)], &config).await;
    let output = around.collect();
    assert_eq!(around.get("/odd").await, (200, "printed".to_owned()));
    assert_eq!(around.get("/exit/7").await.0, 200);
    assert_eq!(around.exit().await, Some(7));
    let output = in_time("the output", output).await.expect("a task");
    for part in [SECRET, &SECRET[..12], &SECRET[12..]] {
        assert!(!output.contains(part), "{part}");
    }
    let records: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let with = |text: &str| {
        let found =
            records.iter().find(|record| record["message"].as_str().is_some_and(|it| it.contains(text)));
        found.unwrap_or_else(|| panic!("{text}"))
    };
    assert_eq!(with("\u{fffd}")["message"], "a\u{fffd}\u{fffd}\\u0000b");
    let long = with("xxxxxxxxxx");
    assert!(long["message"].as_str().is_some_and(|it| it.len() <= 1 << 20), "it is cut");
    assert!(long["truncatedBytes"].as_u64().is_some_and(|cut| cut >= 2 << 20), "{}", long["truncatedBytes"]);
    assert_eq!(with("after the long one")["stream"], "stdout");
    assert_eq!(with("a secret in pieces")["message"], "a secret in pieces: *** of a line");
    assert!(
        with("across what is read at once")["message"]
            .as_str()
            .is_some_and(|it| it.ends_with("y*** across what is read at once"))
    );
    assert_eq!(with("half a record")["message"], "half a record and its rest");
    assert_eq!(with("half a line")["message"], "half a linethe last words");
}

#[tokio::test]
async fn gateway_82_a_backend_that_crashes_again_and_again_is_started_after_growing_pauses_and_nobody_hangs()
{
    let config = "backend: {lifecycle: {startupRequestPauseTimeout: {milliseconds: 300}}}\n\
                  greenroom: {run: {restart: on-failure}}";
    let around = Around::start(Stdio::null(), &[], config).await;
    let mut pauses = Vec::new();
    for _ in 0..3 {
        around.get("/exit/3").await;
        around.child_ends().await;
        let away = tokio::time::Instant::now();
        let mut told = Vec::new();
        loop {
            let asked = tokio::time::Instant::now();
            let answer = around.answer("/ok").await;
            assert!(asked.elapsed() < Duration::from_secs(3), "it waited {:?}", asked.elapsed());
            if answer.head.status == 200 {
                break;
            }
            let code =
                answer.head.header("x-greenroom-error").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
            match answer.head.status {
                503 => told.push(code),
                // On a connection of before: it may have been what Node has ended of.
                502 if code == "upstream_broke" && told.is_empty() => {}
                _ => panic!("{answer:?}"),
            }
            assert!(away.elapsed() < DEADLINE, "it does not come back");
        }
        assert!(
            told.iter().all(|code| matches!(&**code, "upstream_down" | "upstream_starting"))
                && !told.is_empty(),
            "{told:?}"
        );
        pauses.push(away.elapsed());
    }
    assert!(pauses[0] >= Duration::from_millis(700), "{pauses:?}");
    assert!(
        pauses[1] >= Duration::from_millis(1700) && pauses[2] >= Duration::from_millis(3700),
        "{pauses:?}"
    );
}

#[tokio::test]
async fn gateway_83_who_asks_while_a_watcher_starts_node_again_waits_and_is_answered_by_the_new_one() {
    let watched = tempfile::tempdir().expect("a directory");
    let file = watched.path().join("watched.js");
    let harms = around::script();
    let write = |mark: &str| {
        let text = format!("process.env.MARK = '{mark} '; require({:?});\n", harms.display().to_string());
        fs::write(&file, text).expect("a file");
    };
    write("first");
    let options = [("LISTENS_AFTER", "400")];
    let config = "backend: {lifecycle: {startupRequestPauseTimeout: {seconds: 15}}}";
    let around = Around::of(&["--watch", &file.display().to_string()], Stdio::null(), &options, config);
    around.is_up().await;
    assert!(around.get("/ok").await.1.starts_with("ok first "));
    write("second");
    // What the old one had when it was ended is lost with it. Who comes then waits for the new one.
    let changed = async {
        let mut lost = 0;
        loop {
            let (status, body) = around.get("/ok").await;
            match status {
                200 if body.starts_with("ok second ") => return,
                200 => assert!(body.starts_with("ok first "), "{body}"),
                502 => lost += 1,
                other => panic!("{other} {body}"),
            }
            assert!(lost <= 1, "{body}");
        }
    };
    in_time("the new one", changed).await;
}

#[tokio::test]
async fn gateway_84_one_request_and_one_stream_more_than_may_be_are_told_so_at_once_while_health_and_operators_are_answered()
 {
    let config = "greenroom: {gateway: {maxInFlight: 3, maxStreams: 2}}";
    let options = [("GREENROOM_OPS_TOKEN", "a-token-of-operators-that-is-long")];
    let around = Around::start(Stdio::null(), &options, config).await;
    let overloaded = async |path: &str| {
        let asked = tokio::time::Instant::now();
        let answer = around.answer(path).await;
        let code = answer.head.header("x-greenroom-error").map(str::to_owned);
        assert_eq!((answer.head.status, code.as_deref()), (503, Some("overloaded")), "{answer:?}");
        assert_eq!(answer.head.header("retry-after"), Some("1"));
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    };
    let streams = [around.begin("/stream").await, around.begin("/stream").await];
    overloaded("/stream").await;
    let held = join_all((0..3).map(|_| around.get("/hold")));
    let asked = async {
        in_time("all three", async {
            while around.at_child("/held").await != "3" {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        overloaded("/ok").await;
        assert_eq!(around.get("/.backstage/health/v1/liveness").await.0, 200);
        let operators = around.get("/.greenroom/v1/gateway").await.0;
        assert_eq!(operators, 401, "they are asked who they are");
        // Not through us: there is no room for one more.
        assert_eq!(around.at_child("/release").await, "ok");
    };
    let (held, ()) = tokio::join!(held, asked);
    assert!(held.iter().all(|answer| *answer == (200, "released".to_owned())), "{held:?}");
    drop(streams);
}

#[tokio::test]
async fn gateway_85_tokens_that_nobody_has_issued_cost_few_questions_for_keys_and_little_memory() {
    const EACH: usize = 250;
    let around = Around::start(Stdio::null(), &[], "").await;
    let (ours, _) = around.memory().await;
    let forged = |index: usize| {
        let header = format!(r#"{{"typ":"vnd.backstage.user","alg":"ES256","kid":"forged-{index}"}}"#);
        let claims =
            format!(r#"{{"sub":"user:default/{index}","iat":1,"exp":4000000000,"aud":"backstage"}}"#);
        format!("{}.{}.{}", BASE64.encode(header), BASE64.encode(claims), BASE64.encode([7; 64]))
    };
    let clients = (0..8).map(async |client| {
        let mut connection = around.connect().await;
        for index in 0..EACH {
            let token = forged(client * EACH + index);
            let request =
                format!("GET /ok HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
            assert_eq!(connection.ask(&request).await.head.status, 200);
        }
    });
    join_all(clients).await;
    let (now, _) = around.memory().await;
    assert!(now < ours + (32 << 20), "{ours} {now}");
    let asked: usize = around.get("/keys").await.1.parse().expect("a number");
    assert!(asked <= 8, "{asked} questions for {} tokens", 8 * EACH);
}

#[tokio::test]
async fn gateway_86_a_backend_that_listens_on_a_port_of_its_own_ends_with_a_word_on_it_and_does_not_hang() {
    let own = free_port().expect("a port").to_string();
    let mut around = Around::of(&[], Stdio::piped(), &[("OWN_PORT", &own)], "");
    let output = around.collect();
    assert_eq!(around.exit().await, Some(1));
    let output = in_time("the output", output).await.expect("a task");
    assert!(output.contains(&own), "{output}");
    assert!(process::children(std::process::id()).iter().all(|child| Some(*child) != around.id()));
}
