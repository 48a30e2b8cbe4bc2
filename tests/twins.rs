//! Loops in pairs: one that is reported, and its twin that looks alike and must not be.
//!
//! A twin that is silent proves little by itself: the loop may not have been understood at all. So each pair differs in
//! one place only, and the half that is reported shows that the rest is seen.

use retrylint::finding::Level;
use retrylint::{Options, check_source};

/// A client with a key, and what the loops around it call.
const CLIENT: &str = r#"
use std::time::{Duration, SystemTime};
pub struct Api { http: reqwest::Client, key: String }
impl Api {
    async fn send(&self) -> reqwest::Result<reqwest::Response> {
        self.http.get("https://api.example.com/v1").bearer_auth(&self.key).send().await?.error_for_status()
    }
    async fn send_typing(&self) -> reqwest::Result<()> { self.send().await.map(drop) }
    async fn send_heartbeat(&self) -> reqwest::Result<()> { self.send().await.map(drop) }
    async fn ready(&self) -> reqwest::Result<bool> { self.send().await.map(|r| r.status() == 200) }
    async fn status(&self) -> reqwest::Result<String> { self.send().await?.text().await }
}
"#;

/// The messages that are reported at deny or warn for a text behind [`CLIENT`].
fn reported(text: &str) -> Vec<String> {
    let outcome = check_source("src/lib.rs", &format!("{CLIENT}{text}"), &Options::default());
    assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    outcome.findings.into_iter().filter(|f| f.level != Level::Note).map(|f| f.message).collect()
}

/// `text` with `@` replaced by either half of a pair: the first is reported, the second is not.
fn pair(text: &str, bad: &str, good: &str) {
    let found = reported(&text.replace('@', bad));
    assert_eq!(found.len(), 1, "should be reported: {bad}\n{found:#?}");
    let found = reported(&text.replace('@', good));
    assert!(found.is_empty(), "should be silent: {good}\n{found:#?}");
}

#[test]
fn a_side_effect_that_nobody_waits_for() {
    pair(
        "pub async fn run(api: Api) { loop { tokio::time::sleep(Duration::from_secs(4)).await; @ } }",
        "if let Err(e) = api.send().await { log::warn!(\"{e}\"); }",
        "let _ = api.send_typing().await;",
    );
}

#[test]
fn a_heartbeat() {
    pair(
        "pub async fn run(api: Api) {
            loop {
                match @.await {
                    Ok(_) => tokio::time::sleep(Duration::from_secs(30)).await,
                    Err(e) => { log::error!(\"{e}\"); tokio::time::sleep(Duration::from_secs(10)).await }
                }
            }
        }",
        "api.send()",
        "api.send_heartbeat()",
    );
}

#[test]
fn a_readiness_probe() {
    pair(
        "pub async fn run(api: &Api) {
            loop {
                match @.await {
                    Ok(answer) if done(&answer) => return,
                    _ => tokio::time::sleep(Duration::from_secs(1)).await,
                }
            }
        }",
        "api.status()",
        "api.ready()",
    );
}

#[test]
fn work_that_every_round_claims() {
    pair(
        "async fn round(api: &Api, db: &Db) -> anyhow::Result<bool> {
            @
            api.send().await?;
            Ok(true)
        }
        pub struct Db;
        fn claim_job(db: &Db) -> anyhow::Result<Option<u64>> { db.query() }
        pub async fn run(api: Api, db: Db) {
            loop {
                match round(&api, &db).await {
                    Ok(true) => {}
                    Ok(false) => tokio::time::sleep(Duration::from_millis(500)).await,
                    Err(e) => { log::warn!(\"{e}\"); tokio::time::sleep(Duration::from_secs(2)).await }
                }
            }
        }",
        "let _ = db;",
        "let Some(_job) = claim_job(db)? else { return Ok(false) };",
    );
}

#[test]
fn a_run_at_a_time_of_day() {
    pair(
        "pub async fn run(api: Api) {
            loop {
                @
                if let Err(e) = api.send().await { log::error!(\"{e}\"); }
            }
        }",
        "tokio::time::sleep(Duration::from_secs(5)).await;",
        "let now = chrono::Utc::now(); let next = next_run(now);
         tokio::time::sleep((next - now).to_std().unwrap_or_default()).await;",
    );
}

#[test]
fn a_failure_that_was_told_to_a_watch_channel() {
    pair(
        "pub struct Link { tx: tokio::sync::watch::Sender<Status>, rx: tokio::sync::watch::Receiver<Status> }
        pub enum Status { Up, Down(bool) }
        pub async fn run(api: &Api, link: &Link) -> bool {
            for _ in 0..6 {
                tokio::time::sleep(Duration::from_secs(5)).await;
                @
                match api.send().await {
                    Ok(_) => return true,
                    Err(e) => { link.tx.send_replace(Status::Down(is_fatal(&e))); }
                }
            }
            false
        }",
        "",
        "if let Status::Down(true) = &*link.rx.borrow() { return false; }",
    );
}

#[test]
fn a_poll_that_leaves_by_question_mark() {
    pair(
        "pub async fn run(api: &Api) -> anyhow::Result<()> {
            loop {
                @
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }",
        "if let Ok(answer) = api.status().await && answer == \"done\" { return Ok(()) }",
        "if api.status().await? == \"done\" { return Ok(()) }",
    );
}

#[test]
fn a_device_code_that_a_person_has_to_confirm() {
    pair(
        "pub async fn run(http: &reqwest::Client, client_secret: &str) -> String {
            loop {
                let form = [(\"client_secret\", client_secret), @];
                let answer = http.post(\"https://login.example.com/token\").form(&form).send().await;
                if let Ok(answer) = answer && answer.status().is_success() { return answer.text().await.unwrap(); }
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }",
        "(\"refresh\", \"yes\")",
        "(\"device_code\", \"abc\")",
    );
}

#[test]
fn pages_of_data() {
    // Every round is another element: what fails is left for the next sweep.
    assert!(
        reported(
            "pub async fn purge(api: &Api, mut rows: Vec<u64>) -> u64 {
                let mut done = 0;
                loop {
                    let page = next_page(&mut rows);
                    let full = page.len() == 100;
                    for row in page {
                        match api.delete(row).await { Ok(()) => done += 1, Err(e) => log::warn!(\"will retry: {e}\") }
                    }
                    if !full { return done; }
                }
            }
            impl Api {
                async fn delete(&self, row: u64) -> reqwest::Result<()> { self.send().await.map(drop) }
            }"
        )
        .is_empty()
    );
}

#[test]
fn another_element_every_round() {
    pair(
        "pub async fn run(api: &Api, mirrors: &[String]) -> Option<String> {
            let mut tried = std::collections::HashSet::new();
            while @ {
                match api.status().await {
                    Ok(text) => return Some(text),
                    Err(e) => log::warn!(\"attempt failed, next: {e}\"),
                }
            }
            None
        }",
        "tried.len() < 10",
        "let Some(_mirror) = mirrors.iter().find(|m| tried.insert(m.to_string()))",
    );
}

#[test]
fn an_instance_metadata_token_needs_no_key() {
    pair(
        "pub async fn run(http: &reqwest::Client, token: &str) -> reqwest::Result<String> {
            let mut n = 0;
            loop {
                match http.get(\"http://169.254.169.254/latest\")@.send().await {
                    Ok(answer) if answer.status().is_success() => return answer.text().await,
                    Err(e) if n == 5 => return Err(e),
                    _ => { n += 1; tokio::time::sleep(Duration::from_secs(1)).await }
                }
            }
        }",
        ".bearer_auth(token)",
        "",
    );
}

#[test]
fn a_clock_that_was_wrong_once() {
    pair(
        "pub async fn run(api: &mut Api) -> anyhow::Result<String> {
            let mut corrected = false;
            let mut n = 0;
            loop {
                let answer = api.http.get(\"https://api.example.com\").bearer_auth(&api.key).send().await?;
                match answer.status().as_u16() {
                    200..=299 => return Ok(answer.text().await?),
                    403 | 401 if @ => { corrected = true; api.key = sign(SystemTime::now()); }
                    503 if n < 5 => { n += 1; tokio::time::sleep(Duration::from_secs(1)).await }
                    other => anyhow::bail!(\"answered {other}\"),
                }
            }
        }",
        "api.key.len() > 3",
        "!corrected",
    );
}

#[test]
fn a_key_that_the_caller_hands_over() {
    // The credential is set where the request is built, the loop is elsewhere.
    pair(
        "pub async fn list(http: &reqwest::Client, key: &str) -> reqwest::Result<reqwest::Response> {
            execute(http.get(\"https://api.example.com/v1\")@).await
        }
        async fn execute(request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
            let mut attempt = 0;
            loop {
                match request.try_clone().unwrap().send().await.and_then(|r| r.error_for_status()) {
                    Ok(answer) => return Ok(answer),
                    Err(e) if attempt == 4 => return Err(e),
                    Err(_) => { attempt += 1; tokio::time::sleep(Duration::from_secs(1)).await }
                }
            }
        }",
        ".header(\"X-Api-Key\", key)",
        "",
    );
}

#[test]
fn a_client_whose_builder_signs_it() {
    pair(
        "pub struct Client { http: reqwest::Client }
        pub struct Builder { token: String }
        impl Builder {
            pub fn build(self) -> anyhow::Result<Client> {
                let mut headers = reqwest::header::HeaderMap::new();
                @
                Ok(Client { http: reqwest::Client::builder().default_headers(headers).build()? })
            }
        }
        impl Client {
            async fn events(&self) -> reqwest::Result<String> {
                self.http.get(\"https://x.example.com\").send().await?.error_for_status()?.text().await
            }
        }
        pub async fn follow(client: Client) {
            loop {
                match client.events().await {
                    Ok(text) => log::info!(\"{text}\"),
                    Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                }
            }
        }",
        "headers.insert(reqwest::header::AUTHORIZATION, self.token.parse()?);",
        "headers.insert(reqwest::header::ACCEPT, \"text/plain\".parse()?);",
    );
}

#[test]
fn examples_and_packages_for_tests_count_as_tests() {
    let text = format!(
        "{CLIENT}pub async fn run(api: Api) {{
            loop {{
                match api.send().await {{
                    Ok(_) => return,
                    Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                }}
            }}
        }}"
    );
    let dir = tempfile::tempdir().expect("a temporary folder");
    for (manifest, file, count) in [
        ("[package]\nname = 'kit'", "src/lib.rs", 1),
        ("[package]\nname = 'kit'", "examples/demo.rs", 0),
        ("[package]\nname = 'kit-test-utils'", "src/lib.rs", 0),
        ("[package]\nname = 'kit'", "src/integration.rs", 0),
    ] {
        let root = dir.path().join(format!("{}-{count}", file.replace('/', "-")));
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(root.join("Cargo.toml"), manifest).expect("a manifest");
        std::fs::write(&path, &text).expect("a source file");
        if file == "src/integration.rs" {
            let parent = "#[cfg(all(test, feature = \"live\"))]\nmod integration;\n";
            std::fs::write(root.join("src/lib.rs"), parent).expect("a source file");
        }
        let found = |args: &[&str]| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_retrylint"))
                .args(["check", "--format", "json"])
                .args(args)
                .arg(&root)
                .output()
                .expect("the binary runs");
            let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            json["findings"].as_array().expect("findings").len()
        };
        assert_eq!(found(&[]), count, "{manifest} {file}");
        assert_eq!(found(&["--include-tests"]), 1, "{manifest} {file}");
    }
}

#[test]
fn a_job_from_a_queue() {
    pair(
        "pub struct Db;
        impl Db {
            async fn get_next_job(&self) -> anyhow::Result<u64> { self.query().await }
            async fn get_settings(&self) -> anyhow::Result<u64> { self.query().await }
        }
        pub async fn run(api: Api, db: Db) {
            loop {
                let Ok(_n) = db.@.await else { continue };
                if let Err(e) = api.send().await {
                    log::error!(\"{e}\");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        }",
        "get_settings()",
        "get_next_job()",
    );
}

#[test]
fn an_attempt_that_was_begun_before_the_select() {
    // The pinned future is the attempt; the ticks beside it are not the delay before the next one.
    let found = reported(
        "pub async fn run(api: Api) {
            loop {
                let mut alive = tokio::time::interval(Duration::from_secs(10));
                let sending = api.send();
                tokio::pin!(sending);
                let result = loop {
                    tokio::select! {
                        _ = alive.tick() => log::info!(\"alive\"),
                        result = &mut sending => break result,
                    }
                };
                match result {
                    Ok(_) => return,
                    Err(e) => { log::warn!(\"{e}\"); tokio::time::sleep(Duration::from_secs(3)).await }
                }
            }
        }",
    );
    assert_eq!(found, ["retries every failure, a dead key too, until the process ends, sleeping in between"]);
}

#[test]
fn an_error_that_is_asked_for_the_connection_inside_it() {
    // A server that refuses has answered: the answer holds no error of the connection.
    pair(
        "fn may_pass(e: &(dyn std::error::Error + 'static)) -> bool {
            let mut source = Some(e);
            while let Some(inner) = source {
                if inner.downcast_ref::<@>().is_some() { return true; }
                source = inner.source();
            }
            false
        }
        pub async fn run(api: &Api) {
            for _ in 0..5 {
                match api.send().await {
                    Err(e) if may_pass(&e) => tokio::time::sleep(Duration::from_secs(2)).await,
                    _ => return,
                }
            }
        }",
        "reqwest::Error",
        "std::io::Error",
    );
}

#[test]
fn an_error_that_the_declared_type_is_made_of() {
    // `Err(refusal.into())` is the type that the function declares, and a derive of the same name is no type.
    pair(
        "pub struct Error { pub kind: Kind }
        pub enum Kind { Busy, Refused }
        mod wire {
            use crate::{Api, Error, Kind};
            use thiserror::Error;
            #[derive(Debug, Error)]
            #[error(\"refused\")]
            pub enum Refusal { Status(u16) }
            impl From<Refusal> for Error {
                fn from(refusal: Refusal) -> Self {
                    match refusal {
                        Refusal::Status(401 | 403) => Error { kind: Kind::@ },
                        Refusal::Status(_) => Error { kind: Kind::Busy },
                    }
                }
            }
            impl Api {
                pub async fn checked(&self) -> Result<String, Error> {
                    let request = self.http.get(\"https://api.example.com\").bearer_auth(&self.key);
                    let Ok(response) = request.send().await else { return Err(Error { kind: Kind::Busy }) };
                    if !response.status().is_success() {
                        return Err(Refusal::Status(response.status().as_u16()).into());
                    }
                    Ok(response.text().await.unwrap_or_default())
                }
            }
        }
        pub async fn run(api: &Api) {
            for _ in 0..5 {
                match api.checked().await {
                    Err(Error { kind: Kind::Busy }) => tokio::time::sleep(Duration::from_secs(2)).await,
                    _ => return,
                }
            }
        }",
        "Busy",
        "Refused",
    );
}

#[test]
fn three_calls_one_after_the_other() {
    // Three refusals are three calls; only what comes back to the first of them retries.
    pair(
        "pub async fn run(api: &Api, mirror: &Api, archive: &Api) {
            loop {
                if api.status().await.is_ok() { return; }
                if mirror.status().await.is_ok() { return; }
                if archive.status().await.is_ok() { return; }
                log::warn!(\"no attempt went well\");
                @
            }
        }",
        "tokio::time::sleep(Duration::from_secs(5)).await;",
        "return;",
    );
}

#[test]
fn a_sibling_that_shares_nothing() {
    pair(
        "pub struct Files;
        impl Files {
            async fn put(url: &str) -> reqwest::Result<()> {
                let request = reqwest::Client::new().put(url).basic_auth(\"user\", Some(\"word\"));
                request.send().await?.error_for_status().map(drop)
            }
            async fn get(url: &str) -> reqwest::Result<()> {
                reqwest::Client::new().get(url).send().await?.error_for_status().map(drop)
            }
        }
        pub async fn run(url: &str) {
            for _ in 0..4 {
                if Files::@(url).await.is_ok() { return; }
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }",
        "put",
        "get",
    );
}
