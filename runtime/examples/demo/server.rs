//! The smallest HTTP server that can check a key: one thread, one answer per connection.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;

/// It runs until the process ends.
pub struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1 and lets `good_key` in.
    pub fn start(good_key: &'static str) -> Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                // A client that hangs up early is no reason to stop serving the others.
                let _ = answer(stream, good_key);
            }
        });
        Ok(Server { address, requests })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn requests_since_last_asked(&self) -> usize {
        self.requests.swap(0, Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, good_key: &str) -> Result<()> {
    let mut authorized = false;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        authorized |= line.strip_prefix("Authorization: Bearer ") == Some(good_key);
    }
    let (status, body) = match authorized {
        true => ("200 OK", "hello"),
        false => ("401 Unauthorized", r#"{"error":{"message":"Incorrect API key provided"}}"#),
    };
    write!(stream, "HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.len(), body)
}
