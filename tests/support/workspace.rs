//! A made-up workspace of any size, and random edits of it: what sessions are measured and soaked with.
//!
//! Most files are plain code that uses its neighbours. In every package a client, its errors and their classifier, and
//! the loops that retry stand in files of their own; one package holds what all the others use.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Files of a package.
pub const PER_PACKAGE: usize = 50;
/// Of those, the ones that are not plain.
const SPECIAL: usize = 6;

/// A file with its text.
#[derive(Clone)]
pub struct File {
    /// Below the root, with `/`.
    pub path: String,
    pub text: String,
}

/// A workspace of about so many Rust files, the manifests first.
pub fn generate(files: usize) -> Vec<File> {
    let packages = files.div_ceil(PER_PACKAGE).max(2);
    let file = |path: String, text: String| File { path, text };
    let mut out = vec![file("Cargo.toml".to_owned(), "[workspace]\nmembers = ['crates/*']\n".to_owned())];
    out.push(file("crates/base/Cargo.toml".to_owned(), manifest("base", false)));
    out.push(file("crates/base/src/lib.rs".to_owned(), BASE.to_owned()));
    out.push(file("crates/base/src/verdict.rs".to_owned(), VERDICT.to_owned()));
    let mut left = files.saturating_sub(2);
    for p in 0..packages {
        let count = left.clamp(SPECIAL + 2, PER_PACKAGE);
        left = left.saturating_sub(count);
        let at = format!("crates/p{p:03}");
        let plain = count - SPECIAL;
        out.push(file(format!("{at}/Cargo.toml"), manifest(&format!("p{p:03}"), true)));
        out.push(file(format!("{at}/src/lib.rs"), library(plain)));
        out.push(file(format!("{at}/src/error.rs"), error(p)));
        out.push(file(format!("{at}/src/client.rs"), client(p)));
        out.push(file(format!("{at}/src/sync.rs"), sync(p)));
        out.push(file(format!("{at}/src/jobs.rs"), jobs(p)));
        out.push(file(format!("{at}/src/session.rs"), session(p)));
        for m in 0..plain {
            out.push(file(format!("{at}/src/m{m:02}.rs"), module(p, m, plain)));
        }
        if left == 0 {
            break;
        }
    }
    out
}

/// Writes files below a folder.
pub fn write(root: &Path, files: &[File]) {
    for file in files {
        let path = root.join(&file.path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        std::fs::write(path, &file.text).expect("files can be written");
    }
}

/// The path of a file of the workspace as a session knows it.
pub fn real(root: &Path, path: &str) -> PathBuf {
    root.canonicalize().expect("the folder is there").join(path)
}

fn manifest(name: &str, is_user: bool) -> String {
    let mut text = format!("[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n\n[dependencies]\n");
    text.push_str("reqwest = '0.12'\ntokio = '1'\n");
    if is_user {
        text.push_str("base = { path = '../base' }\n");
    }
    text
}

const BASE: &str = r#"//! What every package uses.

pub mod verdict;

use std::time::Duration;

pub use verdict::{Verdict, judge};

/// The delay before an attempt.
pub fn delay(attempt: u32) -> Duration {
    Duration::from_secs(2u64.pow(attempt.min(6)))
}

pub async fn pause(attempt: u32) {
    tokio::time::sleep(delay(attempt)).await;
}

pub trait Named {
    fn name(&self) -> String;

    fn shout(&self) -> String {
        self.name().to_uppercase()
    }
}

pub struct Table<T> {
    rows: Vec<T>,
    limit: usize,
}

impl<T: Clone> Table<T> {
    pub fn new(limit: usize) -> Self {
        Self { rows: Vec::new(), limit }
    }

    pub fn add(&mut self, row: T) -> bool {
        if self.rows.len() >= self.limit {
            return false;
        }
        self.rows.push(row);
        true
    }

    pub fn rows(&self) -> &[T] {
        &self.rows
    }
}
"#;

const VERDICT: &str = r#"//! What a status means, for all packages.

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Retry,
    GiveUp,
}

pub fn judge(status: u16) -> Verdict {
    match status {
        400 | 404 => Verdict::GiveUp,
        401 | 403 => Verdict::GiveUp,
        _ => Verdict::Retry,
    }
}
"#;

fn library(plain: usize) -> String {
    let mut text = "//! One of many packages.\n\npub mod client;\npub mod error;\npub mod jobs;\npub mod session;\npub mod sync;\n".to_owned();
    for m in 0..plain {
        let _ = writeln!(text, "pub mod m{m:02};");
    }
    text.push_str("\npub use client::Client;\npub use error::ApiError;\n");
    text
}

fn error(p: usize) -> String {
    // Every third package lets a refused key through, every third asks the package that all use.
    let verdict = match p % 3 {
        0 => "            ApiError::Status(status) => *status != 404,\n",
        1 => "            ApiError::Status(status) => matches!(status, 429 | 500..=599),\n",
        _ => "            ApiError::Status(status) => base::judge(*status) == base::Verdict::Retry,\n",
    };
    format!(
        r#"//! What may go wrong, and what is tried again.

use std::fmt;

#[derive(Debug)]
pub enum ApiError {{
    Status(u16),
    Network(reqwest::Error),
    Decode(String),
}}

impl ApiError {{
    pub fn is_retryable(&self) -> bool {{
        match self {{
            ApiError::Network(_) => true,
            ApiError::Decode(_) => false,
{verdict}        }}
    }}

    pub fn code(&self) -> u16 {{
        match self {{
            ApiError::Status(status) => *status,
            _ => 0,
        }}
    }}
}}

impl fmt::Display for ApiError {{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{
        write!(f, "package {p}: {{}}", self.code())
    }}
}}

impl std::error::Error for ApiError {{}}

impl From<reqwest::Error> for ApiError {{
    fn from(error: reqwest::Error) -> Self {{
        ApiError::Network(error)
    }}
}}
"#
    )
}

fn client(p: usize) -> String {
    format!(
        r#"//! Talks to service {p}.

use crate::error::ApiError;

#[derive(Clone)]
pub struct Client {{
    http: reqwest::Client,
    base_url: String,
    api_key: String,
}}

impl Client {{
    pub fn new(base_url: String, api_key: String) -> Self {{
        Self {{ http: reqwest::Client::new(), base_url, api_key }}
    }}

    fn url(&self, path: &str) -> String {{
        format!("{{}}/v{p}/{{}}", self.base_url, path)
    }}

    pub async fn get(&self, path: &str) -> Result<String, ApiError> {{
        let response = self.http.get(self.url(path)).bearer_auth(&self.api_key).send().await?;
        let status = response.status().as_u16();
        if status >= 400 {{
            return Err(ApiError::Status(status));
        }}
        Ok(response.text().await?)
    }}

    pub async fn put(&self, path: &str, body: String) -> Result<(), ApiError> {{
        let request = self.http.put(self.url(path)).bearer_auth(&self.api_key).body(body);
        let response = request.send().await?;
        if !response.status().is_success() {{
            return Err(ApiError::Status(response.status().as_u16()));
        }}
        Ok(())
    }}
}}
"#
    )
}

fn sync(p: usize) -> String {
    let limit = 3 + p % 5;
    format!(
        r#"//! Fetches pages, and tries again.

use crate::client::Client;
use crate::error::ApiError;

const MAX_ATTEMPTS: u32 = {limit};

pub async fn fetch(client: &Client, path: &str) -> Result<String, ApiError> {{
    let mut attempt = 0;
    loop {{
        match client.get(path).await {{
            Ok(body) => return Ok(body),
            Err(error) if error.is_retryable() && attempt < MAX_ATTEMPTS => {{
                attempt += 1;
                base::pause(attempt).await;
            }}
            Err(error) => return Err(error),
        }}
    }}
}}

pub async fn fetch_all(client: &Client, paths: &[String]) -> Vec<Result<String, ApiError>> {{
    let mut pages = Vec::new();
    for path in paths {{
        pages.push(fetch(client, path).await);
    }}
    pages
}}
"#
    )
}

fn jobs(p: usize) -> String {
    let allow = if p % 7 == 3 { "        // retrylint: allow(auth-backoff) the key is activated late\n" } else { "" };
    format!(
        r#"//! Stores results, and tries again.

use std::time::Duration;

use tokio::time::sleep;

use crate::{{ApiError, Client}};

pub async fn store(client: &Client, body: String) -> Result<(), ApiError> {{
    let mut delay = Duration::from_millis(500);
    let mut last = None;
    for _attempt in 0..5 {{
{allow}        match client.put("jobs", body.clone()).await {{
            Ok(()) => return Ok(()),
            Err(error) => {{
                if matches!(error, ApiError::Decode(_)) {{
                    return Err(error);
                }}
                last = Some(error);
            }}
        }}
        sleep(delay).await;
        delay *= 2;
    }}
    Err(last.unwrap())
}}

pub async fn run(client: Client) {{
    loop {{
        if let Err(error) = store(&client, "done".to_owned()).await {{
            eprintln!("job: {{error}}");
        }}
        sleep(Duration::from_secs(30)).await;
    }}
}}
"#
    )
}

fn session(p: usize) -> String {
    let stops = if p.is_multiple_of(2) {
        "                Err(error) if error.code() == 401 => return Err(error),\n"
    } else {
        ""
    };
    format!(
        r#"//! Keeps a login.

use crate::client::Client;
use crate::error::ApiError;

pub struct Login {{
    client: Client,
    renewed: u32,
}}

impl Login {{
    pub fn new(client: Client) -> Self {{
        Self {{ client, renewed: 0 }}
    }}

    pub async fn renew(&mut self) -> Result<String, ApiError> {{
        let mut tries = 0;
        while tries < 4 {{
            match self.client.get("token").await {{
                Ok(token) => {{
                    self.renewed += 1;
                    return Ok(token);
                }}
{stops}                Err(_) => {{
                    tries += 1;
                    base::pause(tries).await;
                }}
            }}
        }}
        self.client.get("token").await
    }}
}}
"#
    )
}

/// A plain file: types, impls, functions, a trait of the package that all use, tests.
fn module(p: usize, m: usize, plain: usize) -> String {
    let (next, other) = ((m + 1) % plain, (m * 7 + 3) % plain);
    let uses = if next == m { String::new() } else { format!("use crate::m{next:02}::Record{next:02};\n") };
    let inner = if next == m { "u32".to_owned() } else { format!("Record{next:02}") };
    let recursive = if next == m || m > next { "0" } else { "self.inner.as_ref().map_or(0, |i| i.weight())" };
    let call = if other == m { "0".to_owned() } else { format!("crate::m{other:02}::measure(&self.title)") };
    format!(
        r#"//! Records of kind {m} in package {p}.

use std::collections::BTreeMap;

use base::{{Named, Table}};
{uses}
/// A record.
#[derive(Clone, Debug, Default)]
pub struct Record{m:02} {{
    pub id: u64,
    pub title: String,
    pub tags: Vec<String>,
    inner: Option<Box<{inner}>>,
}}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State{m:02} {{
    New,
    Open {{ since: u64 }},
    Closed(u32),
}}

impl Record{m:02} {{
    pub fn new(id: u64, title: &str) -> Self {{
        Self {{ id, title: title.to_owned(), tags: Vec::new(), inner: None }}
    }}

    pub fn tag(mut self, tag: &str) -> Self {{
        self.tags.push(tag.to_owned());
        self
    }}

    pub fn weight(&self) -> usize {{
        let own = self.title.len() + self.tags.iter().map(String::len).sum::<usize>();
        own + {recursive} + {call}
    }}

    pub fn state(&self) -> State{m:02} {{
        match self.tags.len() {{
            0 => State{m:02}::New,
            1..=3 => State{m:02}::Open {{ since: self.id }},
            n => State{m:02}::Closed(n as u32),
        }}
    }}
}}

impl Named for Record{m:02} {{
    fn name(&self) -> String {{
        format!("{{}}-{{}}", self.id, self.title)
    }}
}}

pub fn measure(text: &str) -> usize {{
    let mut count = 0;
    for word in text.split_whitespace() {{
        if word.len() > {m} {{
            count += word.len();
        }} else {{
            count += 1;
        }}
    }}
    count
}}

pub fn index(records: &[Record{m:02}]) -> BTreeMap<String, Vec<u64>> {{
    let mut out: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in records {{
        for tag in &record.tags {{
            out.entry(tag.clone()).or_default().push(record.id);
        }}
    }}
    out
}}

pub fn table(records: Vec<Record{m:02}>) -> Table<Record{m:02}> {{
    let mut table = Table::new(records.len());
    for record in records {{
        if record.state() != State{m:02}::New {{
            table.add(record);
        }}
    }}
    table
}}

pub async fn follow(client: &crate::Client, record: &Record{m:02}) -> Option<String> {{
    let path = format!("records/{{}}/{{}}", record.name(), record.weight());
    client.get(&path).await.ok()
}}

#[cfg(test)]
mod tests {{
    use super::*;

    #[test]
    fn counts() {{
        assert_eq!(measure("a b"), {count});
        let record = Record{m:02}::new(1, "x").tag("y");
        assert!(matches!(record.state(), State{m:02}::Open {{ .. }}));
    }}
}}
"#,
        count = 2
    )
}

/// Numbers that look random, the same ones each time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Things that people write, whole and half.
const SNIPPETS: &[&str] = &[
    "\n",
    "x",
    "    let n = 1;\n",
    "    if true { return Err(error); }\n",
    "                tokio::time::sleep(std::time::Duration::from_secs(3)).await;\n",
    "pub fn extra(n: u32) -> u32 { n + 1 }\n",
    "fn helper() -> bool { base::judge(401) == base::Verdict::Retry }\n",
    "use crate::error::*;\n",
    "use base::Verdict as V;\n",
    "pub use base::judge;\n",
    "mod inner { pub fn f() {} }\n",
    "#[cfg(test)]\n",
    "#[cfg(test)] mod m00;\n",
    "// retrylint: allow(auth-backoff) it is a test\n",
    "// retrylint: allow(catch-all-retry)\n",
    "/* ",
    " */",
    "{",
    "}",
    "\"",
    "(",
    ")",
    ";",
    "impl ApiError { pub fn is_fatal(&self) -> bool { self.code() == 401 } }\n",
    "impl Client { pub async fn probe(&self) -> Result<String, ApiError> { self.get(\"x\").await } }\n",
    "impl base::Named for Client { fn name(&self) -> String { String::new() } }\n",
    "const MAX_ATTEMPTS: u32 = 9;\n",
    "type ApiError = base::Verdict;\n",
    "pub struct Client;\n",
    "            ApiError::Status(401) => false,\n",
    "        401 => Verdict::Retry,\n",
    "é",
    "    for _ in 0..3 { if client.get(\"y\").await.is_ok() { break; } base::pause(1).await; }\n",
];

/// Words that are put in the place of others.
const WORDS: &[(&str, &str)] = &[
    ("401", "503"),
    ("403", "401"),
    ("503", "401"),
    ("404", "401"),
    ("429", "401"),
    ("true", "false"),
    ("false", "true"),
    ("GiveUp", "Retry"),
    ("Retry", "GiveUp"),
    ("get(", "put("),
    ("ApiError", "Apierror"),
    ("is_retryable", "is_fatal"),
    ("pause", "delay"),
    ("pub fn", "fn"),
    ("async ", ""),
    ("attempt", "tries"),
    ("judge", "jury"),
    ("client", "Client"),
    ("base::", "crate::"),
];

/// A text after a random edit, mostly not what it should be.
pub fn edited(text: &str, random: &mut Random) -> String {
    let boundary = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let line = |n: usize| text.match_indices('\n').nth(n).map_or(text.len(), |(at, _)| at + 1);
    let lines = text.lines().count();
    match random.below(6) {
        0 => {
            let at = boundary(random.below(text.len() + 1));
            format!("{}{}{}", &text[..at], random.one(SNIPPETS), &text[at..])
        }
        1 | 2 => {
            let at = line(random.below(lines));
            format!("{}{}{}", &text[..at], random.one(SNIPPETS), &text[at..])
        }
        3 => {
            let from = boundary(random.below(text.len() + 1));
            let to = boundary((from + random.below(40)).min(text.len()));
            format!("{}{}", &text[..from], &text[to..])
        }
        4 => {
            let first = random.below(lines);
            let (from, to) = (line(first), line(first + 1 + random.below(3)));
            format!("{}{}", &text[..from], &text[to..])
        }
        _ => {
            let (from, to) = random.one(WORDS);
            let found: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
            if found.is_empty() {
                return text.to_owned();
            }
            let at = *random.one(&found);
            format!("{}{to}{}", &text[..at], &text[at + from.len()..])
        }
    }
}
