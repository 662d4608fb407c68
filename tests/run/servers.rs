//! Choice of the servers that are driven, and of the way to them.

use super::{
    measured,
    result::{at, count},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::{Shutdown, SocketAddr, TcpStream},
    os::unix::net::UnixListener,
    path::Path,
    thread,
    time::Duration,
};
use test_support::{
    loadgen::Loadgen,
    tls::TlsFront,
    truth::{Log, TruthServer},
};

/// Twenty arrivals within a second at `target`, at most four at once.
fn twenty(target: &str, http: &str) -> Loadgen {
    Loadgen::scenario(&format!(
        "[target]\n{target}\n[http]\n{http}\n\
         [load]\nrate = 20\nduration = \"1s\"\nmax_in_flight = 4\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work/a\"\n"
    ))
}

fn steady() -> TruthServer {
    TruthServer::steady(Duration::ZERO)
}

fn paths(log: &Log) -> Vec<&str> {
    let mut paths: Vec<&str> = log
        .served
        .iter()
        .map(|served| &*served.request.path)
        .collect();
    paths.dedup();
    paths
}

fn without_errors(result: &Value, requests: u64) {
    assert_eq!(
        result["totals"]["errors"],
        serde_json::json!({
            "count": 0, "rate": 0.0, "by_class": {}, "samples": []
        })
    );
    assert_eq!(count(&result["totals"], "count"), requests);
}

#[test]
fn users_take_the_servers_of_a_list_in_turn() {
    let servers = [steady(), steady(), steady()];
    let urls: Vec<String> = servers
        .iter()
        .map(|server| format!("\"{}\"", server.url()))
        .collect();
    let text = format!(
        "target.url = [{}]\nload = {{ users = 7, duration = \"500ms\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n",
        urls.join(", ")
    );
    let result = measured(&Loadgen::scenario(&text).run());
    let logs = servers.map(TruthServer::stop);
    without_errors(
        &result,
        logs.iter().map(|log| log.served.len() as u64).sum(),
    );
    // Each was looked at once before the run.
    assert_eq!(logs.each_ref().map(|log| log.connections - 1), [3, 2, 2]);
    for log in &logs {
        let host = log.served[0].request.header("host").unwrap();
        assert!(
            log.served
                .iter()
                .all(|it| it.request.header("host") == Some(host))
        );
    }
}

#[test]
fn a_path_of_the_url_comes_before_those_of_the_steps() {
    let server = steady();
    let target = format!("url = \"{}/work/v1/\"", server.url());
    without_errors(&measured(&twenty(&target, "").run()), 20);
    assert_eq!(paths(&server.stop()), ["/work/v1/work/a"]);
}

#[test]
fn target_on_the_command_line_beats_the_scenarios() {
    let (named, given) = (steady(), steady());
    let target = format!("url = \"{}\"", named.url());
    let url = format!("{}/work/base", given.url());
    let result = measured(&twenty(&target, "").args(&["--target", &url]).run());
    without_errors(&result, 20);
    assert_eq!(named.stop().connections, 0);
    assert_eq!(paths(&given.stop()), ["/work/base/work/a"]);
    assert_eq!(result["run"]["target"], url);
}

#[test]
fn a_bundled_target_is_not_started_when_another_is_given() {
    let server = steady();
    let url = server.url();
    let loadgen = twenty("app = \"orders\"", "").args(&["--target", &url]);
    // It could not be started there.
    let finished = loadgen.env("TMPDIR", "/proc/none").run();
    without_errors(&measured(&finished), 20);
    assert_eq!(server.stop().served.len(), 20);
}

#[test]
fn a_server_known_by_its_ca_file_or_by_nothing_is_driven_over_tls() {
    for http in ["ca = \"ca.pem\"", "insecure = true"] {
        let server = steady();
        let front = TlsFront::start(server.address());
        let target = format!("url = \"{}\"", front.url());
        let result = measured(&twenty(&target, http).file("ca.pem", &front.pem).run());
        without_errors(&result, 20);
        let totals = &result["totals"];
        let [connect, tcp, tls] =
            ["connect_us.min", "tcp_us.min", "tls_us.min"].map(|key| at(totals, key));
        assert!(
            tcp > 0.0 && tls > 0.0 && connect >= tcp.max(tls),
            "{totals}"
        );
        assert!(
            totals.get("dns_us").is_none(),
            "an address is not looked up"
        );
        drop(front);
        let log = server.stop();
        assert_eq!(log.problems, [""; 0]);
        assert_eq!(log.served.len(), 20);
        assert!(count(totals, "bytes_received") > 0 && count(totals, "bytes_sent") > 0);
    }
}

#[test]
fn connections_go_where_the_scenario_says() {
    let server = steady();
    let port = server.address().port();
    let http = format!("connect_to = {{ \"shop.example\" = \"127.0.0.1:{port}\" }}");
    let target = "url = \"http://shop.example:81\"";
    without_errors(&measured(&twenty(target, &http).run()), 20);
    let log = server.stop();
    let hosts = log
        .served
        .iter()
        .map(|served| served.request.header("host"));
    assert!(hosts.eq([Some("shop.example:81"); 20]));
}

/// Passes on what comes at a Unix socket.
fn behind_socket(path: &Path, server: SocketAddr) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let mut back = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back.0, &mut back.1));
            thread::spawn(move || {
                // The client has gone.
                let _ = std::io::copy(&mut client, &mut server);
                let _ = server.shutdown(Shutdown::Write);
            });
        }
    });
}

#[test]
fn a_service_on_a_unix_socket_is_driven() {
    let server = steady();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.sock");
    behind_socket(&path, server.address());
    let target = format!("url = \"unix:{}\"", path.display());
    let result = measured(&twenty(&target, "").run());
    without_errors(&result, 20);
    assert_eq!(result["run"]["target"], format!("unix:{}", path.display()));
    assert!(at(&result["totals"], "connect_us.min") > 0.0);
    assert_eq!(paths(&server.stop()), ["/work/a"]);
}

#[test]
fn an_unknown_certificate_is_refused_before_the_run() {
    let server = steady();
    let front = TlsFront::start(server.address());
    let other = TlsFront::start(server.address());
    let target = format!("url = \"{}\"", front.url());
    for http in ["", "ca = \"ca.pem\""] {
        let loadgen = twenty(&target, http).file("ca.pem", &other.pem);
        let finished = loadgen.run().expect_code(97);
        let told = format!("error: {}/ cannot be reached: ", front.url());
        assert!(finished.stderr.starts_with(&told), "{}", finished.stderr);
        assert!(
            finished.stderr.contains("certificate"),
            "{}",
            finished.stderr
        );
    }
    assert_eq!(server.stop().served.len(), 0);
}

#[test]
fn populations_have_targets_of_their_own() {
    let servers = [steady(), steady()];
    let population = |name: &str, server: &TruthServer, rate: u64| {
        format!(
            "[[population]]\nname = \"{name}\"\ntarget.url = \"{}\"\n\
             load = {{ rate = {rate}, duration = \"1s\" }}\n\
             [[population.task]]\nname = \"get\"\n[[population.task.step]]\nget = \"/work/{name}\"\n",
            server.url()
        )
    };
    let text = population("a", &servers[0], 10) + &population("b", &servers[1], 30);
    let result = measured(&Loadgen::scenario(&text).run());
    without_errors(&result, 40);
    let mut counts = BTreeMap::new();
    for task in result["tasks"].as_array().unwrap() {
        counts.insert(task["id"].as_str().unwrap(), count(task, "count"));
    }
    assert_eq!(counts, BTreeMap::from([("a/get", 10), ("b/get", 30)]));
    let logs = servers.map(TruthServer::stop);
    assert_eq!(logs.each_ref().map(paths), [["/work/a"], ["/work/b"]]);
}
