//! When a timer or a reminder is due, in the notations that Dapr takes: Go durations (`1h30m`), ISO 8601 durations
//! (`PT1H30M`, with repetitions `R3/PT1H`) and, for what is one moment, RFC 3339.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::duration;

/// The most bytes that each of them may have: they are kept as they were given, and noted down in errors.
const LONGEST: usize = 256;

/// The times of a timer or a reminder, as its caller gave them. Empty is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Times {
    pub(crate) due_time: String,
    pub(crate) period: String,
    pub(crate) ttl: String,
}

impl Times {
    /// # Errors
    /// One is too long to be any.
    fn check(&self) -> Result<(), String> {
        for (what, text) in [("due time", &self.due_time), ("period", &self.period), ("TTL", &self.ttl)] {
            if text.len() > LONGEST {
                return Err(format!("the {what} may have {LONGEST} bytes, and has {}", text.len()));
            }
        }
        Ok(())
    }
}

/// The ticks that are still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    /// The next one.
    pub(super) next: Timestamp,
    pub(super) period: Option<Period>,
    /// From when on there are none.
    pub(super) expires: Option<Timestamp>,
}

/// The time from one tick to the next, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    years: i32,
    months: i32,
    days: i32,
    pub(super) time: Duration,
    /// How many ticks are left, the next one included; `None` means no end.
    pub(super) left: Option<u32>,
}

impl Schedule {
    /// # Errors
    /// In daprd's words; `what` is `timer` or `reminder`, `key` its name there.
    pub(super) fn new(times: &Times, now: Timestamp, what: &str, key: &str) -> Result<Self, String> {
        times.check()?;
        let next = match times.due_time.as_str() {
            "" => now,
            text => moment(text, now).map_err(|why| format!("error parsing {what} due time: {why}"))?,
        };
        let period = match times.period.as_str() {
            "" => None,
            text => Some(Period::parse(text).map_err(|why| format!("invalid {what} period: {why}"))?),
        };
        let expires = match times.ttl.as_str() {
            "" => None,
            text => Some(moment(text, next).map_err(|why| format!("error parsing {what} TTL: {why}"))?),
        };
        if expires.is_some_and(|expires| now > expires || next > expires) {
            return Err(format!("{what} {key} has already expired: dueTime: {next} TTL: {}", times.ttl));
        }
        Ok(Self { next, period, expires })
    }

    /// A reminder's: its period is a time and not a date, and without a due time its first tick comes after one period.
    ///
    /// # Errors
    /// In daprd's words.
    pub(super) fn of_reminder(times: &Times, now: Timestamp, key: &str) -> Result<Self, String> {
        times.check()?;
        let mut times = times.clone();
        if !times.period.is_empty() {
            let unsupported = || format!("unsupported period format: {}", times.period);
            let period = Period::parse(&times.period).map_err(|_| unsupported())?;
            if period.years != 0 || period.months != 0 || period.days != 0 {
                return Err(unsupported());
            }
            if times.due_time.is_empty() {
                times.due_time = duration::show(period.time);
            }
        }
        Self::new(&times, now, "reminder", key)
    }

    /// Leaves out the ticks that have passed, but for the last of them; how many are left stays the same.
    pub(super) fn without_missed(mut self, now: Timestamp) -> Self {
        let period = self.period.as_ref().map_or(0, |period| period.time.as_nanos());
        let late = u128::try_from(now.duration_since(self.next).as_nanos()).unwrap_or(0);
        let missed = late.checked_div(period).unwrap_or(0).saturating_mul(period);
        let missed = Duration::from_nanos(u64::try_from(missed).unwrap_or(u64::MAX));
        self.next = self.next.checked_add(missed).unwrap_or(now);
        self
    }

    /// Whether the next tick still comes.
    pub(super) fn is_active(&self) -> bool {
        self.expires.is_none_or(|expires| self.next < expires)
    }

    /// Goes on to the tick after the next one; `None` when that was the last.
    pub(super) fn after_tick(mut self) -> Option<Self> {
        let period = self.period.as_mut()?;
        if let Some(left) = &mut period.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return None;
            }
        }
        if period.is_nothing() {
            return None;
        }
        self.next = period.after(self.next)?;
        self.is_active().then_some(self)
    }
}

impl Period {
    /// # Errors
    /// In daprd's words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (period, repetitions) = match iso(text) {
            Some(parsed) => parsed,
            None => (go(text).ok_or_else(|| format!("parse error: unsupported duration format: {text}"))?, None),
        };
        if repetitions == Some(0) {
            return Err("has zero repetitions".into());
        }
        Ok(Self { left: repetitions, ..period })
    }

    /// The same with so many ticks left.
    pub(super) fn with_left(self, left: Option<u32>) -> Self {
        Self { left, ..self }
    }

    fn is_nothing(&self) -> bool {
        self.years == 0 && self.months == 0 && self.days == 0 && self.time.is_zero()
    }

    /// `None` past the end of time.
    fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        let date = Span::new().try_years(self.years).ok()?.try_months(self.months).ok()?.try_days(self.days).ok()?;
        let day = moment.to_zoned_datetime(TimeZone::UTC).checked_add(date).ok()?;
        day.timestamp().checked_add(self.time).ok()
    }
}

/// A moment, given as such or as a time after another one.
fn moment(text: &str, start: Timestamp) -> Result<Timestamp, String> {
    let unsupported = || format!("unsupported time/duration format: {text}");
    let period = match iso(text) {
        Some((_, Some(_))) => return Err("repetitions are not allowed".into()),
        Some((period, None)) => Some(period),
        None => go(text),
    };
    match period {
        Some(period) => period.after(start).ok_or_else(unsupported),
        None => text.parse().map_err(|_| unsupported()),
    }
}

/// A Go duration. What is below nothing is in the past already, and so nothing.
fn go(text: &str) -> Option<Period> {
    let time = match text.strip_prefix('-') {
        Some(past) => duration::parse(past).map(|_| Duration::ZERO),
        None => duration::parse(text),
    };
    Some(Period { years: 0, months: 0, days: 0, time: time.ok()?, left: None })
}

/// An ISO 8601 duration with whole numbers, with or without repetitions in front (`R3/PT1S`, `R3`).
fn iso(text: &str) -> Option<(Period, Option<u32>)> {
    let mut period = Period { years: 0, months: 0, days: 0, time: Duration::ZERO, left: None };
    let (repetitions, text) = match text.strip_prefix('R') {
        None => (None, text),
        Some(rest) => match rest.split_once('/') {
            Some((count, "")) => return Some((period, Some(count.parse().ok()?))),
            Some((count, rest)) => (Some(count.parse().ok()?), rest),
            None => return Some((period, Some(rest.parse().ok()?))),
        },
    };
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((date, time)) => (date, time),
        None => (text.strip_prefix('P')?, ""),
    };
    if text.len() < 2 {
        return None;
    }
    for (amount, unit) in parts(date)? {
        let amount = i32::try_from(amount).ok()?;
        match unit {
            'Y' => period.years = amount,
            'M' => period.months = amount,
            'W' => period.days = period.days.checked_add(amount.checked_mul(7)?)?,
            'D' => period.days = period.days.checked_add(amount)?,
            _ => return None,
        }
    }
    for (amount, unit) in parts(time)? {
        let seconds = match unit {
            'H' => 3600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        period.time = period.time.checked_add(Duration::from_secs(amount.checked_mul(seconds)?))?;
    }
    Some((period, repetitions))
}

/// Splits `1H30M` into its amounts and units.
fn parts(text: &str) -> Option<Vec<(u64, char)>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let unit = rest[end..].chars().next()?;
        parts.push((rest[..end].parse().ok()?, unit));
        rest = &rest[end + unit.len_utf8()..];
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-31T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().expect("a moment")
    }

    /// All ticks, or the first five, as seconds from now.
    fn ticks(due_time: &str, period: &str, ttl: &str) -> Result<Vec<i64>, String> {
        let times = Times { due_time: due_time.into(), period: period.into(), ttl: ttl.into() };
        let mut schedule = Some(Schedule::new(&times, now(), "timer", "T||a||t")?).filter(Schedule::is_active);
        let mut ticks = Vec::new();
        while let Some(coming) = schedule.take_if(|_| ticks.len() < 5) {
            ticks.push(coming.next.duration_since(now()).as_secs());
            schedule = coming.after_tick();
        }
        Ok(ticks)
    }

    #[test]
    fn ticks_come_when_they_are_due_and_then_as_often_as_the_period_says() {
        for (due_time, period, ttl, expected) in [
            ("", "", "", vec![0]),
            ("2s", "", "", vec![2]),
            ("-1s", "", "", vec![0]),
            ("PT1M", "R3", "", vec![60]),
            ("2026-01-31T12:00:30Z", "10s", "", vec![30, 40, 50, 60, 70]),
            ("0h0m3s0ms0µs", "0h0m0s0ms0µs", "", vec![3]),
            ("1s", "R3/PT1M", "", vec![1, 61, 121]),
            ("1s", "R1/PT1S", "", vec![1]),
            ("5s", "PT1H1S", "PT2H", vec![5, 3606]),
            ("5s", "1s", "3s", vec![5, 6, 7]),
            ("5s", "1s", "2026-01-31T12:00:07Z", vec![5, 6]),
            ("5s", "1s", "0s", vec![]),
            ("", "P1W", "", vec![0, 7, 14, 21, 28].into_iter().map(|days| days * 86400).collect()),
            ("P1M", "R2/P1D", "", vec![28 * 86400, 29 * 86400]),
        ] {
            assert_eq!(ticks(due_time, period, ttl), Ok(expected), "{due_time:?} {period:?} {ttl:?}");
        }
    }

    #[test]
    fn times_that_are_none_are_refused_in_daprds_words() {
        for (due_time, period, ttl, expected) in [
            ("soon", "", "", "error parsing timer due time: unsupported time/duration format: soon"),
            ("R3/PT1S", "", "", "error parsing timer due time: repetitions are not allowed"),
            ("", "often", "", "invalid timer period: parse error: unsupported duration format: often"),
            ("", "R0/PT1S", "", "invalid timer period: has zero repetitions"),
            ("", "P", "", "invalid timer period: parse error: unsupported duration format: P"),
            ("", "P1H", "", "invalid timer period: parse error: unsupported duration format: P1H"),
            ("", "PT1", "", "invalid timer period: parse error: unsupported duration format: PT1"),
            ("", "", "x", "error parsing timer TTL: unsupported time/duration format: x"),
            (
                "10s",
                "",
                "2026-01-31T12:00:05Z",
                "timer T||a||t has already expired: dueTime: 2026-01-31T12:00:10Z TTL: 2026-01-31T12:00:05Z",
            ),
        ] {
            assert_eq!(ticks(due_time, period, ttl), Err(expected.to_owned()));
        }
    }

    #[test]
    fn a_time_of_kilobytes_is_refused_and_not_repeated() {
        let long = "1s".repeat(LONGEST);
        for (due_time, period, ttl) in [(long.as_str(), "", ""), ("", &long, ""), ("", "", &long)] {
            let times = Times { due_time: due_time.into(), period: period.into(), ttl: ttl.into() };
            for refused in [Schedule::new(&times, now(), "timer", "k"), Schedule::of_reminder(&times, now(), "k")] {
                let why = refused.unwrap_err();
                assert!(why.contains("may have 256 bytes, and has 512") && why.len() < 100, "{why}");
            }
        }
        assert_eq!(ticks(&"1s".repeat(LONGEST / 2), "", ""), Ok(vec![128]));
    }

    #[test]
    fn a_reminder_begins_after_one_period_and_has_no_dates_for_one() {
        let of_reminder = |due_time: &str, period: &str| {
            let times = Times { due_time: due_time.into(), period: period.into(), ttl: String::new() };
            Schedule::of_reminder(&times, now(), "k").map(|schedule| schedule.next.duration_since(now()).as_secs())
        };
        assert_eq!(of_reminder("", "R3/PT1M"), Ok(60));
        assert_eq!(of_reminder("5s", "R3/PT1M"), Ok(5));
        assert_eq!(of_reminder("", ""), Ok(0));
        assert_eq!(of_reminder("", "P1D"), Err("unsupported period format: P1D".into()));
        assert_eq!(of_reminder("", "often"), Err("unsupported period format: often".into()));
    }

    #[test]
    fn of_the_ticks_that_were_missed_the_last_one_is_made_up_for() {
        let times = Times { period: "R5/PT10S".into(), ..Times::default() };
        let schedule = Schedule::new(&times, now(), "reminder", "k").expect("valid");
        for (later, next) in [(0, 0), (9, 0), (10, 10), (29, 20)] {
            let later = now().checked_add(Duration::from_secs(later)).expect("a moment");
            let coming = schedule.clone().without_missed(later);
            assert_eq!(coming.next.duration_since(now()).as_secs(), next);
            assert_eq!(coming.period.and_then(|period| period.left), Some(5));
        }
    }

    #[test]
    fn an_endless_time_ends_nothing_else() {
        assert!(ticks("P2147483647Y", "", "").is_err());
        assert_eq!(ticks("", "P9999Y", ""), Ok(vec![0]));
        assert!(ticks("", "PT99999999999999999999S", "").is_err());
    }
}
