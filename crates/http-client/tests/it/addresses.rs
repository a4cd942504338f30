//! Which addresses a call reaches.

use greenroom_config::RootConfig;
use greenroom_http_client::{Call, ClientSettings, Fault, HttpClient};

use crate::kit::{Names, Server, builder, client, ok};

fn allowing(addresses: &str, names: Names) -> HttpClient {
    let yaml = format!("greenroom: {{ httpClient: {{ allowedAddresses: [{addresses}] }} }}");
    let settings = ClientSettings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).unwrap();
    builder().settings(settings).resolver(names).build()
}

#[tokio::test]
async fn a_name_that_leads_to_a_refused_address_is_not_connected_to() {
    let names = Names::of(&[
        ("metadata.example", &["169.254.169.254"]),
        ("mapped.example", &["::ffff:169.254.169.254"]),
        ("nowhere.example", &["0.0.0.0"]),
    ]);
    let server = Server::start(|_| ok("")).await;
    let client = builder().resolver(names).build();
    for host in ["metadata.example", "mapped.example", "nowhere.example"] {
        let error = client.send(Call::get(&server.url_as("http", host, "/")).unwrap()).await.unwrap_err();
        assert!(matches!(error.fault(), Fault::Address { .. }), "{error:?}");
        assert_eq!(error.target(), format!("{host}:{}", server.address.port()));
    }
    // That address of Linux is this machine's.
    assert_eq!(server.connections(), 0);
    let error =
        client.send(Call::get("http://metadata.example/latest/meta-data").unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Calls to metadata.example:80 are refused because its address 169.254.169.254 is link-local: to allow this address, \
         list it in greenroom.httpClient.allowedAddresses and write it in the URL in place of a name"
    );
}

#[tokio::test]
async fn of_several_addresses_the_refused_ones_are_left_out_and_a_name_is_looked_up_once() {
    let names = Names::of(&[("mixed.example", &["169.254.169.254", "0.0.0.0", "127.0.0.1"])]);
    let server = Server::start(|_| ok("reached")).await;
    let client = builder().resolver(names.clone()).build();
    let answer = client.send(Call::get(&server.url_as("http", "mixed.example", "/")).unwrap()).await.unwrap();
    assert_eq!((answer.body(), names.asked()), (&"reached".into(), 1));
}

#[tokio::test]
async fn an_address_in_a_url_is_refused_unless_it_is_listed_itself() {
    let server = Server::start(|_| ok("")).await;
    let names = Names::of(&[("nowhere.example", &["0.0.0.0"])]);
    for host in [
        "0.0.0.0",
        "[::ffff:0.0.0.0]",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::]",
        "224.0.0.1",
    ] {
        let error = client().send(Call::get(&server.url_as("http", host, "/")).unwrap()).await.unwrap_err();
        assert!(matches!(error.fault(), Fault::Address { .. }), "{host}: {error:?}");
    }
    // What else is there to be reached by its listed address on every machine?
    let client = allowing("0.0.0.0", names);
    client.send(Call::get(&server.url_as("http", "0.0.0.0", "/")).unwrap()).await.unwrap();
    let by_name = client.send(Call::get(&server.url_as("http", "nowhere.example", "/")).unwrap()).await;
    assert!(matches!(by_name.unwrap_err().fault(), Fault::Address { .. }));
}

#[tokio::test]
async fn a_call_that_is_for_the_internet_reaches_neither_this_machine_nor_a_private_network() {
    let names =
        Names::of(&[("rebound.example", &["127.0.0.1"]), ("intra.example", &["10.0.0.1", "fd12::1"])]);
    let server = Server::start(|_| ok("")).await;
    let client = builder().resolver(names).build();
    // A connection that another call has left in the pool is of no use to it.
    client.send(Call::get(&server.url_as("http", "rebound.example", "/")).unwrap()).await.unwrap();
    for host in ["rebound.example", "intra.example", "127.0.0.1", "[::1]", "192.168.1.1"] {
        let call = Call::get(&server.url_as("http", host, "/")).unwrap().public_only();
        let error = client.send(call).await.unwrap_err();
        assert!(matches!(error.fault(), Fault::NotPublic { .. }), "{host}: {error:?}");
        assert!(error.to_string().ends_with("and they may go to the internet only"), "{error}");
    }
    assert_eq!(server.connections(), 1);
    // Nor what the operator allows to other calls.
    let call = Call::get(&server.url_as("http", "0.0.0.0", "/")).unwrap().public_only();
    let error = allowing("0.0.0.0", Names::default()).send(call).await.unwrap_err();
    assert!(matches!(error.fault(), Fault::NotPublic { .. }), "{error:?}");
}

#[tokio::test]
async fn an_address_in_a_form_that_only_the_system_reads_is_checked_too() {
    for host in ["0xa9fea9fe", "2852039166", "169.16689662"] {
        let error = client().send(Call::get(&format!("http://{host}/")).unwrap()).await.unwrap_err();
        // Systems that do not read it as an address know no such name.
        assert!(matches!(error.fault(), Fault::Address { .. } | Fault::Name(_)), "{host}: {error:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    let client = builder().resolver(Names::of(&[("empty.example", &[])])).build();
    let error = client.send(Call::get("https://typo.example/").unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "The name of typo.example:443 has no address (no such name): check its spelling and this machine's DNS"
    );
    let error = client.send(Call::get("https://empty.example/").unwrap()).await.unwrap_err();
    assert_eq!(error.fault(), &Fault::Name("none is known".to_owned()));
}

#[test]
fn what_is_listed_as_an_address_and_is_none_is_told_with_its_place() {
    let yaml = "greenroom:\n  httpClient:\n    allowedAddresses:\n      - 10.0.0.1\n      - metadata\n";
    let error = ClientSettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap_err();
    assert_eq!(
        error.message(),
        "'metadata' in greenroom.httpClient.allowedAddresses is no address, expected one such as 169.254.170.2 or \
         fd00:ec2::254"
    );
    assert_eq!(error.place().unwrap().line, 5);
}
