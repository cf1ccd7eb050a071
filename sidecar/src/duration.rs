//! Go's duration notation, in which Dapr's configuration files and `/dapr/config` give times.

use std::time::Duration;

/// The longest time that Go knows: 292 years.
pub(crate) const MAX: Duration = Duration::from_nanos(i64::MAX as u64);

/// Parses a Go duration (`"1h"`, `"2s"`, `"1h0m0s0ms0μs"`, `"0"`).
///
/// # Errors
/// A sentence in Go's own words when the text is not one, is longer than [`MAX`], or is negative: no
/// time limit of a sidecar has a meaning below zero.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let body = text.strip_prefix('+').unwrap_or(text);
    if body == "0" {
        return Ok(Duration::ZERO);
    }
    if body.starts_with('-') {
        return Err(format!("time: duration {text:?} is negative"));
    }
    if body.is_empty() {
        return Err(invalid());
    }
    let mut rest = body;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(|| format!("time: missing unit in duration {text:?}"))?;
        let amount: f64 = rest[..digits].parse().map_err(|_| invalid())?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = unit_seconds(&rest[..end])
            .ok_or_else(|| format!("time: unknown unit {:?} in duration {text:?}", &rest[..end]))?;
        total = Duration::try_from_secs_f64(amount * seconds)
            .ok()
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= MAX)
            .ok_or_else(invalid)?;
        rest = &rest[end..];
    }
    Ok(total)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

/// Writes a time as Go does (`1s`, `1m0s`, `500ms`, `1.5s`), as Dapr's log lines have it.
pub(crate) fn show(time: Duration) -> String {
    let fraction = |whole: u128, unit: u128, digits: usize| {
        let text = format!("{}.{:0digits$}", whole / unit, whole % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let nanos = time.as_nanos();
    match nanos {
        0 => "0s".into(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(nanos, 1_000, 3)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(nanos, 1_000_000, 6)),
        _ => {
            let (hours, minutes) = (time.as_secs() / 3600, time.as_secs() / 60 % 60);
            let seconds = fraction(nanos % 60_000_000_000, 1_000_000_000, 9);
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, _) => format!("{minutes}m{seconds}s"),
                _ => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_writes_them() {
        for (nanos, text) in [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5µs"),
            (500_000_000, "500ms"),
            (494_123_456, "494.123456ms"),
            (1_000_000_000, "1s"),
            (1_500_000_000, "1.5s"),
            (60_000_000_000, "1m0s"),
            (3_600_000_000_000, "1h0m0s"),
            (5_025_500_000_000, "1h23m45.5s"),
        ] {
            assert_eq!(show(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn go_durations_parse_as_go_reads_them() {
        assert_eq!(parse("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(parse("1h0m0s0ms0μs"), Ok(Duration::from_secs(3600)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_text_that_was_given() {
        for text in ["", "5", "abc", "1x", "s", "-1s", "1..2s"] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(text), "{error}");
        }
    }
}
