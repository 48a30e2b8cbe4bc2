//! A client by hand: what an application does with its HTTP library instead.

use crate::server::Server;
use failfast::{retry, AuthGuard, Classify, Failure, Permanent};
use std::io::{Read, Write};
use std::net::TcpStream;

/// The whole use of the crate: build each request from the attempt, and answer `Err` unless it worked.
pub fn ask(server: &Server, guard: AuthGuard<'_>) -> Result<String, Permanent> {
    retry(guard, |attempt| {
        let (status, body) = get(server, attempt.secret()).map_err(Classify::into_failure)?;
        match status {
            200 => Ok(body),
            _ => Err(Failure::from_http(status, &[], &body).with_endpoint(format!("http://{}/", server.address()))),
        }
    })
}

fn get(server: &Server, secret: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(server.address())?;
    write!(stream, "GET / HTTP/1.1\r\nHost: demo\r\nAuthorization: Bearer {}\r\n\r\n", secret)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}
