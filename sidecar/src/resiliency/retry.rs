//! What a policy says, resolved from its names.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::backoff::{Backoff, MAX_ELAPSED, Waits};
use super::breaker::CircuitBreaker;

/// The policy around one target: `retry( circuit breaker( time-out( attempt ) ) )`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// Whether and how a failed attempt is repeated.
    pub retry: Option<Retry>,
    /// What refuses attempts while the target seems to be down.
    pub circuit_breaker: Option<CircuitBreaker>,
}

impl Policy {
    /// Whether nothing is in force.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// How many attempts an operation has at most, the first included; `None` means without end.
    /// (An exponential policy ends by time too, after 15 minutes.)
    pub fn attempts(&self) -> Option<u64> {
        match &self.retry {
            None => Some(1),
            Some(retry) => retry.max_retries.map(|retries| retries.saturating_add(1)),
        }
    }

    /// How long one operation lasts at most if each attempt takes `attempt` (or the policy's
    /// time-out, where that is shorter) and all fail; `None` means without end.
    pub fn longest(&self, attempt: Duration) -> Option<Duration> {
        let attempt = self.timeout.map_or(attempt, |timeout| timeout.min(attempt));
        let Some(retry) = &self.retry else { return Some(attempt) };
        match retry.backoff {
            Backoff::Constant { delay } => {
                let retries = u32::try_from(retry.max_retries?).unwrap_or(u32::MAX);
                Some(attempt.saturating_add(delay).saturating_mul(retries).saturating_add(attempt))
            }
            Backoff::Exponential { .. } => {
                // The waits vary: the last attempt may begin just when the time is up.
                let limit = MAX_ELAPSED.saturating_add(attempt);
                let (mut total, mut number) = (attempt, 1);
                while total < limit && retry.max_retries.is_none_or(|retries| u64::from(number) <= retries) {
                    let (_, wait) = retry.backoff.range(number);
                    if retry.backoff.range(number + 1).1 == wait {
                        // They grow no more. The rest is not counted one by one: there may be millions.
                        let rest = retry.max_retries.and_then(|retries| u32::try_from(retries.saturating_add(1)).ok());
                        let Some(rest) = rest.map(|rest| rest - number) else { return Some(limit) };
                        total = total.saturating_add(wait.saturating_add(attempt).saturating_mul(rest));
                        break;
                    }
                    total = total.saturating_add(wait).saturating_add(attempt);
                    number += 1;
                }
                Some(total.min(limit))
            }
        }
    }
}

/// A retry policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// The waits between attempts.
    pub backoff: Backoff,
    /// How many retries there are after the first attempt; `None` means without end.
    pub max_retries: Option<u64>,
    /// `matching.httpStatusCodes`: the statuses of the app that are tried again; `None` means all.
    /// Only the delivery of a message asks for them: nothing else here fails with a status.
    pub http_status_codes: Option<Vec<RangeInclusive<u16>>>,
}

impl Retry {
    pub(super) fn waits(&self) -> Waits {
        Waits::new(self.backoff, self.max_retries)
    }

    /// Whether an app's answer with this status is worth another attempt.
    pub(super) fn matches(&self, status: u16) -> bool {
        let valid = (100..=599).contains(&status);
        valid && self.http_status_codes.as_ref().is_none_or(|codes| codes.iter().any(|range| range.contains(&status)))
    }
}

/// Reads `matching` codes: numbers and ranges with commas between them, such as `429,500-599`.
/// Nothing at all means every code.
///
/// # Errors
/// daprd's sentence.
pub(super) fn parse_codes(text: &str, valid: RangeInclusive<u16>) -> Result<Option<Vec<RangeInclusive<u16>>>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let patterns = text.split(',').filter(|pattern| !pattern.is_empty());
    patterns.map(|pattern| parse_range(pattern, &valid)).collect::<Result<_, _>>().map(Some)
}

fn parse_range(pattern: &str, valid: &RangeInclusive<u16>) -> Result<RangeInclusive<u16>, String> {
    let code = |which: &str, text: &str| {
        let code: i64 =
            text.parse().map_err(|_| format!("failed to parse {which} code {text} from pattern {pattern} to int"))?;
        u16::try_from(code)
            .ok()
            .filter(|code| valid.contains(code))
            .ok_or_else(|| format!("invalid pattern {pattern}, {which} code {code} is not valid"))
    };
    let (start, end) = match pattern.split('-').collect::<Vec<_>>()[..] {
        [one] => (code("start", one)?, code("start", one)?),
        [start, end] => (code("start", start)?, code("end", end)?),
        _ => return Err(format!("invalid pattern {pattern}, more than one '-' exists")),
    };
    if end < start {
        return Err(format!("invalid pattern {pattern}, start value should not bigger than end value"));
    }
    Ok(start..=end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(codes: &str) -> Retry {
        Retry {
            backoff: Backoff::Constant { delay: Duration::from_secs(1) },
            max_retries: Some(3),
            http_status_codes: parse_codes(codes, 100..=599).expect("valid"),
        }
    }

    #[test]
    fn codes_are_numbers_and_ranges() {
        let some = retry("429,500-502,,504");
        let tried: Vec<u16> = (0..=700).filter(|status| some.matches(*status)).collect();
        assert_eq!(tried, [429, 500, 501, 502, 504]);
        assert!(retry("").matches(599) && retry("").matches(302) && !retry("").matches(600));
        assert!(!retry(",").matches(500), "a list of nothing is no code");
    }

    #[test]
    fn what_is_no_code_is_named() {
        for (text, part) in [
            ("x", "failed to parse start code x"),
            ("500-", "failed to parse end code "),
            ("1-2-3", "more than one '-' exists"),
            ("600", "start code 600 is not valid"),
            ("500-499", "should not bigger than end"),
        ] {
            let error = parse_codes(text, 100..=599).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_policy_tells_its_worst_case() {
        let mut policy = Policy { retry: Some(retry("")), ..Policy::default() };
        assert_eq!(policy.attempts(), Some(4));
        assert_eq!(policy.longest(Duration::from_secs(10)), Some(Duration::from_secs(43)));
        policy.timeout = Some(Duration::from_secs(2));
        assert_eq!(policy.longest(Duration::from_secs(10)), Some(Duration::from_secs(11)));
        let waits = |max_retries, backoff| {
            let retry = Retry { max_retries, backoff, ..retry("") };
            Policy { retry: Some(retry), ..Policy::default() }.longest(Duration::ZERO)
        };
        assert_eq!(waits(None, Backoff::Constant { delay: Duration::ZERO }), None);
        let exponential = Backoff::Exponential { max_interval: Duration::from_secs(1) };
        assert_eq!(waits(Some(3), exponential), Some(Duration::from_millis(750 + 1125 + 1500)));
        assert_eq!(waits(None, exponential), Some(MAX_ELAPSED));
        assert_eq!(waits(Some(12), exponential), Some(Duration::from_millis(750 + 1125 + 10 * 1500)));
        let tiny = Backoff::Exponential { max_interval: Duration::from_nanos(2) };
        assert_eq!(waits(Some(1_000_000_001), tiny), Some(Duration::from_millis(750) + Duration::from_secs(3)));
        assert_eq!(waits(None, tiny), Some(MAX_ELAPSED), "and that at once");
    }
}
