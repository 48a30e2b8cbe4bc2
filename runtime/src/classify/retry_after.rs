//! `Retry-After` and HTTP dates, parsed by hand: RFC 9110, sections 10.2.3 and 5.6.7.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The delay a `Retry-After` value asks for: seconds (a decimal fraction is accepted), or an HTTP date
/// measured from `now`, which for a date in the past is zero. `None` if it is neither.
///
/// ```
/// # use failfast::classify::{http_date, retry_after};
/// # use std::time::Duration;
/// let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
/// assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
/// assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(Duration::from_secs(30)));
/// assert_eq!(retry_after("soon", now), None);
/// ```
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|c: char| c.is_ascii_digit()) {
        return seconds(value);
    }
    let date = http_date(value)?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// A non-negative decimal number of seconds. One too large for a `Duration` is its largest.
pub(super) fn seconds(value: &str) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    // All digits: parsing can only fail for being too large.
    let whole = whole.parse().unwrap_or(u64::MAX);
    let millis = format!("{:0<3.3}", fraction).parse().ok()?;
    Some(Duration::from_secs(whole).saturating_add(Duration::from_millis(millis)))
}

/// The time an HTTP date names, in any of the three forms a recipient must accept:
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
///
/// `None` for anything else, for dates before 1970, and for dates that do not exist. The name of the
/// day is not checked.
pub fn http_date(text: &str) -> Option<SystemTime> {
    let mut words = text.split(|c| matches!(c, ' ' | ',' | '-')).filter(|word| !word.is_empty());
    let _day_name = words.next()?;
    let (second, third) = (words.next()?, words.next()?);
    let (day, month, year, time) = if second.starts_with(|c: char| c.is_ascii_digit()) {
        let (year, time) = (words.next()?, words.next()?);
        if words.next()? != "GMT" {
            return None;
        }
        (second, third, year, time)
    } else {
        let (time, year) = (words.next()?, words.next()?);
        (third, second, year, time)
    };
    if words.next().is_some() {
        return None;
    }

    let mut clock = time.split(':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    if clock.next().is_some() {
        return None;
    }
    let (hour, minute) = (number(hour, 23)?, number(minute, 59)?);
    let second = number(second, 60)?; // 60: a leap second

    let year = match (year.len(), number(year, 9999)?) {
        (2, year) if year < 70 => 2000 + year,
        (2, year) => 1900 + year,
        (4, year) if year >= 1970 => year,
        _ => return None,
    };
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| *name == month)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + u64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let day = number(day, lengths[month])?.checked_sub(1)?;

    // Leap days of the years before this one, counted from year 1.
    let leap_days = |years: u64| years / 4 - years / 100 + years / 400;
    let years = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    let days = years + lengths[..month].iter().sum::<u64>() + day;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn number(text: &str, most: u64) -> Option<u64> {
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<u64> {
        let since = http_date(text)?.duration_since(UNIX_EPOCH);
        Some(since.unwrap().as_secs())
    }

    #[test]
    fn the_three_forms_of_the_rfc_name_the_same_second() {
        // The RFC's own example; the number is `date -u -d '1994-11-06 08:49:37' +%s`.
        assert_eq!(at("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(at("Sunday, 06-Nov-94 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(at("Sun Nov  6 08:49:37 1994"), Some(784_111_777));
    }

    #[test]
    fn calendar_corners_agree_with_date_1() {
        // Each number is `date -u -d '…' +%s`.
        assert_eq!(at("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(at("Tue, 29 Feb 2000 23:59:59 GMT"), Some(951_868_799));
        assert_eq!(at("Mon, 01 Mar 2100 00:00:00 GMT"), Some(4_107_542_400));
        assert_eq!(at("Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799));
        assert_eq!(at("Sat, 31 Dec 2016 23:59:60 GMT"), Some(1_483_228_800));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "now",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37 GMT extra",
            "Sun, 29 Feb 2100 00:00:00 GMT",
            "Sun, 31 Apr 2024 00:00:00 GMT",
            "Sun, 00 Apr 2024 00:00:00 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 99999 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(http_date(text), None, "{}", text);
        }
    }

    #[test]
    fn seconds_are_read_and_nonsense_is_not() {
        let now = UNIX_EPOCH;
        let asked = |value| retry_after(value, now);
        assert_eq!(asked(" 0 "), Some(Duration::from_secs(0)));
        assert_eq!(asked("3600"), Some(Duration::from_secs(3600)));
        assert_eq!(asked("1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(asked("0.0429"), Some(Duration::from_millis(42)));
        assert!(asked("99999999999999999999999").unwrap() >= Duration::from_secs(u64::MAX));
        for value in ["", "-1", "1e9", "1.", ".5", "5 s", "inf", "NaN", "1.2.3"] {
            assert_eq!(asked(value), None, "{}", value);
        }
    }

    #[test]
    fn a_date_in_the_past_is_zero() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let past = retry_after("Sun, 06 Nov 1994 08:49:36 GMT", now);
        assert_eq!(past, Some(Duration::from_secs(0)));
    }
}
