//! `greenroom telemetry test`.

use greenroom_page::Program;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Reads so many calls, and answers them in order with these statuses. Their heads.
async fn collector(listener: TcpListener, statuses: &[u16]) -> Vec<String> {
    let mut heads = vec![];
    for status in statuses {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![];
        let head = loop {
            stream.read_buf(&mut read).await.unwrap();
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break String::from_utf8(read[..end].to_vec()).unwrap();
            }
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let whole = head.len() + 4 + length.parse::<usize>().unwrap();
        while read.len() < whole {
            stream.read_buf(&mut read).await.unwrap();
        }
        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        heads.push(head);
    }
    heads
}

async fn listening() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn traces_15_the_command_tells_what_it_sent_where_to_and_by_what_it_is_found() {
    let (listener, address) = listening().await;
    let program = Program::greenroom()
        .args("telemetry test")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"))
        .env("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2")
        .env("OTEL_SERVICE_NAME", "portal");
    let (heads, ended) = tokio::join!(collector(listener, &[200, 200]), program.run());
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{}", ended.stdout);
    let lines: Vec<_> = ended.stdout.lines().collect();
    let [service, traces, to, metrics, also] = lines[..] else { panic!("{}", ended.stdout) };
    assert_eq!(service, "service portal");
    let id = traces.strip_prefix("traces: a span `greenroom telemetry test` of the trace ").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(to, format!("  to {address}/v1/traces: it was taken"));
    assert_eq!(metrics, "metrics: a point of `greenroom.telemetry.test`");
    assert_eq!(also, format!("  to {address}/v1/metrics: it was taken"));
    assert!(heads.iter().all(|head| head.contains("api-key: hunter2")), "{heads:?}");
    assert!(!ended.stdout.contains("hunter2"));
}

#[tokio::test]
async fn what_does_not_arrive_is_told_with_what_to_look_at_and_so_is_that_nothing_is_said() {
    let (listener, address) = listening().await;
    let yaml = format!("greenroom: {{ telemetry: {{ otlp: {{ endpoint: 'http://{address}' }} }} }}\n");
    let program = Program::greenroom().args("telemetry test").config(&yaml);
    let program = program.env("OTEL_METRICS_EXPORTER", "none").env("OTEL_LOGS_EXPORTER", "otlp");
    let (_, ended) = tokio::join!(collector(listener, &[401]), program.run());
    assert_eq!(ended.code, Some(1));
    let told = &ended.stdout;
    assert!(told.starts_with("warning: OTEL_LOGS_EXPORTER is not followed"), "{told}");
    assert!(
        told.contains("it did not arrive. The collector answers 401 (it wants a key, or another one"),
        "{told}"
    );
    assert!(told.trim_end().ends_with("metrics: nothing is sent"), "{told}");

    // Nobody listens there any more.
    let nobody = Program::greenroom().args("telemetry test").config(&yaml).run().await;
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.stdout.contains(&format!("Cannot connect to {address}")), "{}", nobody.stdout);

    let nothing = Program::greenroom().args("telemetry test").without("app-config.yaml").run().await;
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.stdout.starts_with("Nothing says where"), "{}", nothing.stdout);
}

#[tokio::test]
async fn a_signal_that_is_refused_is_one_that_does_not_arrive() {
    for (name, value) in
        [("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "foo")]
    {
        let (listener, address) = listening().await;
        let program = Program::greenroom()
            .args("telemetry test")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"))
            .env(name, value);
        let (_, ended) = tokio::join!(collector(listener, &[200]), program.run());
        assert_eq!(ended.code, Some(1), "{name}: {}", ended.stdout);
        assert!(ended.stdout.contains("traces: nothing is sent"), "{name}: {}", ended.stdout);
    }
}
