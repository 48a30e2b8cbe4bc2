//! Four operations against a server on 127.0.0.1, each told line by line as it happens.
//!
//! ```text
//! cargo run -p failfast --example demo
//! ```
//!
//! It needs nothing but the standard library: server and client are in `examples/demo/`.

mod client;
mod server;

use client::ask;
use failfast::{AuthGuard, Credential, Failure, KeyRing, Permanent, Refresher};
use server::Server;

fn main() -> std::io::Result<()> {
    // Knows one key; a request with any other is refused with 401.
    let server = Server::start("sk-good-0123456789abcdef")?;
    let tell = |event: &failfast::Event<'_>| println!("    {}", event);

    println!("A dead key:");
    let dead = Credential::new("demo", "OLD_KEY", "sk-dead-0123456789abcdef");
    show(&server, ask(&server, AuthGuard::new(&dead).notify(&tell)));

    println!("A pool of three, two of them dead:");
    let ring = KeyRing::new(
        "demo",
        [
            ("KEY_A", "sk-dead-a-0123456789abcdef"),
            ("KEY_B", "sk-dead-b-0123456789abcdef"),
            ("KEY_C", "sk-good-0123456789abcdef"),
        ],
    );
    show(&server, AuthGuard::with_pool(&ring).and_then(|guard| ask(&server, guard.notify(&tell))));

    println!("The same pool again: it has learnt which key works.");
    show(&server, AuthGuard::with_pool(&ring).and_then(|guard| ask(&server, guard.notify(&tell))));

    println!("A stale token and a refresher:");
    let stale = Credential::new("demo", "LOGIN", "stale-token-0123456789");
    let refresher = Refresher::blocking(|_stale: &Credential| Ok::<_, Failure>("sk-good-0123456789abcdef".to_owned()));
    show(&server, ask(&server, AuthGuard::new(&stale).refresher(&refresher).notify(&tell)));
    Ok(())
}

fn show(server: &Server, outcome: Result<String, Permanent>) {
    match outcome {
        Ok(answer) => println!("    success: {}", answer),
        Err(end) => println!("    {:?} after {} s of waiting", end.reason(), end.waited().as_secs()),
    }
    println!("    requests that reached the server: {}\n", server.requests_since_last_asked());
}
