//! Times and durations as people read them, and texts as HTML.

/// How many milliseconds a day has.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A moment as a clock shows it, `12:04:57.019`: the time of day at `at` (milliseconds since the Unix epoch), in the
/// server's time zone.
#[must_use]
pub fn clock_ms(at: u64, utc_offset_min: i32) -> String {
    let ms = of_day(at, utc_offset_min);
    format!("{}.{:03}", clock(at, utc_offset_min), ms % 1_000)
}

/// A moment to the second, `12:04:57`.
#[must_use]
pub fn clock(at: u64, utc_offset_min: i32) -> String {
    let seconds = of_day(at, utc_offset_min) / 1_000;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn of_day(at: u64, utc_offset_min: i32) -> i64 {
    let at = i64::try_from(at).unwrap_or(i64::MAX / 2);
    (at + i64::from(utc_offset_min) * 60_000).rem_euclid(DAY_MS)
}

/// A duration in microseconds: `0.4 ms`, `12 ms`, `1.002 s`.
#[must_use]
pub fn duration_us(us: u64) -> String {
    if us >= 1_000_000 {
        return format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000);
    }
    if us >= 10_000 { format!("{} ms", us / 1_000) } else { format!("{}.{} ms", us / 1_000, us / 100 % 10) }
}

/// A span in milliseconds to the tenth of a second, rounded up so that a countdown ends at zero: `0.4 s`.
#[must_use]
pub fn tenths_ms(ms: u64) -> String {
    let tenths = ms.div_ceil(100);
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// A text as the `inner_html` of a `<textarea>`. As its child it would be another: Leptos escapes nothing there, so that
/// `</textarea>` in a message would end the element, and the browser takes away the first line break.
#[must_use]
pub fn textarea_html(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_in_the_server_s_time_zone() {
        let at = 1_700_000_000_019; // 2023-11-14T22:13:20.019Z
        assert_eq!(clock_ms(at, 0), "22:13:20.019");
        assert_eq!(clock(at, 120), "00:13:20");
        assert_eq!(clock(at, -23 * 60), "23:13:20");
    }

    #[test]
    fn a_duration_has_the_digits_that_matter() {
        assert_eq!(duration_us(430), "0.4 ms");
        assert_eq!(duration_us(12_900), "12 ms");
        assert_eq!(duration_us(1_002_100), "1.002 s");
    }

    #[test]
    fn a_countdown_ends_at_zero_and_not_before() {
        assert_eq!(tenths_ms(1_000), "1.0 s");
        assert_eq!(tenths_ms(301), "0.4 s");
        assert_eq!(tenths_ms(1), "0.1 s");
        assert_eq!(tenths_ms(0), "0.0 s");
    }
}
