//! How numbers are told to people.

use std::fmt;
use std::time::Duration;

/// A duration in seconds, with as many decimals as its size deserves: `155 s`, `1.5 s`, `0.043 s`.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let decimals = match seconds {
            _ if self.0.subsec_nanos() == 0 || seconds >= 100.0 => 0,
            _ if seconds >= 1.0 => 1,
            _ => 3,
        };
        write!(f, "{:.*} s", decimals, seconds)
    }
}

/// A count and its noun: `1 request`, `2 requests`.
pub(crate) struct Count(pub(crate) u32, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_counts_read_well() {
        let told = |millis| Seconds(Duration::from_millis(millis)).to_string();
        assert_eq!(told(0), "0 s");
        assert_eq!(told(43), "0.043 s");
        assert_eq!(told(1_500), "1.5 s");
        assert_eq!(told(155_000), "155 s");
        assert_eq!(told(155_700), "156 s");
        assert_eq!(Count(1, "request").to_string(), "1 request");
        assert_eq!(Count(2, "request").to_string(), "2 requests");
    }
}
