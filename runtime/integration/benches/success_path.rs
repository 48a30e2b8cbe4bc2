//! What a call costs when nothing fails: a hand-written loop, failfast and backon, side by side.
//!
//! `empty` does nothing but look at the key, so it shows the bare overhead. `header` builds an
//! `Authorization` header, the least that any real call does.

use backon::{BlockingRetryable, ConstantBuilder, Retryable};
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use failfast::{AuthGuard, Class, Credential, Failure, KeyRing, retry, retry_async};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

type Answer = Result<usize, Failure>;

fn empty(secret: &str) -> Answer {
    Ok(black_box(secret).len())
}

fn header(secret: &str) -> Answer {
    Ok(black_box(format!("Bearer {secret}")).len())
}

/// What a careful person writes: one retry for an auth failure, a few with a delay for the rest.
fn hand_written(key: &str, op: impl Fn(&str) -> Answer) -> Answer {
    let mut retried = false;
    let mut attempt = 0;
    loop {
        match op(key) {
            Ok(value) => return Ok(value),
            Err(failure) if failure.class() == Class::Auth && !retried => retried = true,
            Err(failure) if failure.class().is_worth_waiting() && attempt < 4 => {
                std::thread::sleep(Duration::from_secs(1 << attempt));
                attempt += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
}

async fn hand_written_async(key: &str, op: impl AsyncFn(&str) -> Answer) -> Answer {
    let mut retried = false;
    let mut attempt = 0;
    loop {
        match op(key).await {
            Ok(value) => return Ok(value),
            Err(failure) if failure.class() == Class::Auth && !retried => retried = true,
            Err(failure) if failure.class().is_worth_waiting() && attempt < 4 => {
                timer(Duration::from_secs(1 << attempt)).await;
                attempt += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
}

async fn timer(_: Duration) {}

/// Polls once: on success nothing here is ever pending.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing waits on the success path"),
    }
}

fn sync_group(group: &mut BenchmarkGroup<'_, WallTime>, key: &Credential, op: fn(&str) -> Answer) {
    group.bench_function("hand-written", |bench| bench.iter(|| hand_written(key.expose_secret(), op)));
    group.bench_function("failfast", |bench| {
        bench.iter(|| retry(AuthGuard::new(key), |attempt| op(attempt.secret())));
    });
    group.bench_function("backon", |bench| {
        bench.iter(|| {
            (|| op(key.expose_secret())).retry(ConstantBuilder::default()).when(failfast::backon::worth_waiting).call()
        });
    });
}

fn async_group(group: &mut BenchmarkGroup<'_, WallTime>, key: &Credential, op: fn(&str) -> Answer) {
    group.bench_function("hand-written", |bench| {
        bench.iter(|| now(hand_written_async(key.expose_secret(), async |secret| op(secret))));
    });
    group.bench_function("failfast", |bench| {
        bench.iter(|| now(retry_async(AuthGuard::new(key), timer, |attempt| async move { op(attempt.secret()) })));
    });
    group.bench_function("backon", |bench| {
        bench.iter(|| {
            now((|| async { op(key.expose_secret()) })
                .retry(ConstantBuilder::default())
                .sleep(timer)
                .when(failfast::backon::worth_waiting)
                .into_future())
        });
    });
}

fn success_path(criterion: &mut Criterion) {
    let key = Credential::new("acme", "ACME_KEY", "sk-0123456789abcdef");
    for (name, op) in [("empty", empty as fn(&str) -> Answer), ("header", header)] {
        sync_group(&mut criterion.benchmark_group(format!("sync/{name}")), &key, op);
        async_group(&mut criterion.benchmark_group(format!("async/{name}")), &key, op);
    }
    // For information: a pool takes its lock twice, once for the key and once for the good news.
    let ring = KeyRing::new("acme", [("A", "sk-0123456789abcdef"), ("B", "sk-fedcba9876543210")]);
    criterion.bench_function("pool/failfast", |bench| {
        bench.iter(|| retry(AuthGuard::with_pool(&ring)?, |attempt| empty(attempt.secret())));
    });
}

criterion_group!(benches, success_path);
criterion_main!(benches);
