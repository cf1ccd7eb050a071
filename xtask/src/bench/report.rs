//! The figures as a table.
use super::measure::{Load, Row};

/// The head of the table; the rows have the same widths.
const HEAD: [&str; 2] = [
    "                                     one client                 eight clients           memory, MB           first",
    "                                 msg/s   p50 ms   p99 ms    msg/s   p50 ms   p99 ms   idle  after  daprd  page, ms",
];

/// One line for each program. Fifty warm actors, no simulated failure.
pub(super) fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let Row { name, one_client, eight_clients, idle_mb, loaded_mb, daprd_mb, first_page_ms } = row;
        format!(
            "{name:<30} {} {} {} {} {} {first_page_ms:>10.0}",
            load(one_client),
            load(eight_clients),
            memory(*idle_mb),
            memory(*loaded_mb),
            memory(*daprd_mb),
        )
    });
    HEAD.map(str::to_owned).into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

fn load(load: &Load) -> String {
    format!("{:>7.0} {:>8.2} {:>8.2}", load.per_second, load.p50_ms, load.p99_ms)
}

fn memory(mb: Option<f64>) -> String {
    mb.map_or_else(|| format!("{:>6}", "–"), |mb| format!("{mb:>6.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_stand_under_their_heads() {
        let load = || Load { messages: 1, per_second: 1234.0, p50_ms: 0.5, p99_ms: 12.25 };
        let row = Row {
            name: "faultlab, embedded sidecar",
            one_client: load(),
            eight_clients: load(),
            idle_mb: Some(12.0),
            loaded_mb: None,
            daprd_mb: None,
            first_page_ms: 42.0,
        };
        let table = table(&[row]);
        let lines: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lines[1], lines[2], "{table}");
        assert!(table.starts_with("      "), "the head keeps its place: {table}");
        assert!(
            table.contains("  1234     0.50    12.25    1234     0.50    12.25   12.0      –      –         42"),
            "{table}"
        );
    }
}
