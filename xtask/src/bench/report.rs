//! The figures as a table.
use super::{
    depth::{Depth, Events},
    measure::{Load, Row},
};

/// The head of the table; the rows have the same widths.
const HEAD: [&str; 2] = [
    "                                     one client                 eight clients           memory, MB           first",
    "                                 msg/s   p50 ms   p99 ms    msg/s   p50 ms   p99 ms   idle  after  daprd  page, ms",
];

/// The width of the first column.
const NAME: usize = 30;

/// One line for each program. Fifty warm actors, no simulated failure. Below them what more was measured.
pub(super) fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let Row { name, one_client, eight_clients, idle_mb, loaded_mb, daprd_mb, first_page_ms, .. } = row;
        format!(
            "{name:<NAME$} {} {} {} {} {} {first_page_ms:>10.0}",
            load(one_client),
            load(eight_clients),
            memory(*idle_mb),
            memory(*loaded_mb),
            memory(*daprd_mb),
        )
    });
    let more = rows.iter().filter_map(|row| Some(depth(row.name, row.depth.as_ref()?)));
    HEAD.map(str::to_owned).into_iter().chain(lines).chain(more).collect::<Vec<_>>().join("\n")
}

fn depth(name: &str, depth: &Depth) -> String {
    let Depth { many_clients, one_reader, many_readers, stream_kib, bare_commit } = depth;
    let stream = stream_kib.map_or_else(|| "–".to_owned(), |kib| format!("{kib:.1} KiB"));
    [
        format!("\n{:<NAME$} {:>7} {:>8} {:>8}", name, "a second", "p50 ms", "p99 ms"),
        format!("{:<NAME$} {}", "64 clients, 64 actors", load(many_clients)),
        format!("{:<NAME$} {}", "what a turn commits, bare", load(bare_commit)),
        format!("{:<NAME$} {}", "an event to 1 reader", events(one_reader)),
        format!("{:<NAME$} {}", "an event to 500 readers", events(many_readers)),
        format!("{:<NAME$} {stream:>7}", "memory of an idle stream"),
    ]
    .join("\n")
}

fn events(events: &Events) -> String {
    let per_second = events.events as f64 / events.seconds;
    format!("{per_second:>7.0} {:>8.2} {:>8.2}", events.p50_ms, events.p99_ms)
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
            depth: None,
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
