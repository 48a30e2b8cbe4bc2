//! Feature `tracing`: which events a subscriber sees.

use failfast::{AuthGuard, Class, Credential, Failure, KeyRing, Refresher, retry_with};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps level, target and fields of each event.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<(Level, String, String)>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!("{}={value:?};", field.name());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let metadata = event.metadata();
        self.0.lock().unwrap().push((*metadata.level(), metadata.target().to_owned(), fields.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

const SECRET: &str = "sk-dead-0123456789abcdef";

fn events(run: impl FnOnce()) -> Vec<(Level, String)> {
    let recorder = Recorder::default();
    tracing::subscriber::with_default(recorder.clone(), run);
    let events = recorder.0.lock().unwrap().clone();
    for (_, target, fields) in &events {
        assert_eq!(target, "failfast");
        assert!(!fields.contains(SECRET), "{fields}");
    }
    events.into_iter().map(|(level, _, fields)| (level, fields)).collect()
}

fn refuse(guard: AuthGuard<'_>) {
    let end = retry_with(
        guard,
        |_| {},
        |attempt| -> Result<(), Failure> {
            Err(Failure::from_http(401, &[], &format!("bad key {}", attempt.secret())))
        },
    );
    end.unwrap_err();
}

#[test]
fn the_single_retry_is_one_visible_line() {
    let key = Credential::new("acme", "ACME_KEY", SECRET);
    let events = events(|| refuse(AuthGuard::new(&key)));
    let told: Vec<_> = events.iter().filter(|(_, fields)| fields.contains("retrying once")).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, Level::WARN);
    assert!(told[0].1.contains("status=401"), "{}", told[0].1);
    let (level, last) = events.last().unwrap();
    assert_eq!((*level, events.len()), (Level::WARN, 2));
    assert!(last.contains("giving up") && last.contains("reason=Rejected") && last.contains("requests=2"), "{last}");
}

#[test]
fn rotation_refresh_and_waits_are_told_too() {
    let ring = KeyRing::new("acme", [("A", SECRET), ("B", "sk-other-0123456789")]);
    let refresher = Refresher::blocking(|_: &Credential| Ok::<_, Failure>("sk-new-0123456789".to_owned()));
    let told = events(|| refuse(AuthGuard::with_pool(&ring).unwrap().refresher(&refresher)));
    let lines: Vec<_> = told.iter().map(|(level, fields)| (*level, fields.as_str())).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].0 == Level::WARN && lines[0].1.contains("going on with B"), "{lines:?}");
    assert!(lines[1].0 == Level::INFO && lines[1].1.contains("refreshing it"), "{lines:?}");
    assert!(lines[2].1.contains("giving up"), "{lines:?}");

    let key = Credential::new("acme", "ACME_KEY", SECRET);
    let told = events(|| {
        let _ = retry_with(
            AuthGuard::new(&key),
            |_| {},
            |_| -> Result<(), Failure> { Err(Failure::new(Class::Transient)) },
        );
    });
    assert_eq!(told.iter().filter(|(level, fields)| *level == Level::INFO && fields.contains("delay_ms")).count(), 4);
}
