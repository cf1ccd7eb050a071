//! The page in a browser: what it costs to open, and to watch. Measured by `end2end/figures`.
use super::file;
use crate::{
    npm,
    paths::{self, Profile},
    programs,
    progress::{self, BUILD_LIMIT},
    site,
    tools::{self, Tool},
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

/// What a measurement in the browser tells.
#[derive(Serialize, Deserialize)]
struct Figure {
    /// For people.
    name: String,
    value: f64,
    /// Its unit; empty for a bare number.
    unit: String,
    /// What it is to be at most, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    goal: Option<f64>,
}

/// Measures the page, prints the table and puts the figures into `target/bench.json`.
///
/// # Errors
/// When something cannot be built, started or measured.
pub(super) fn all(profile: Profile) -> Result<()> {
    tools::need(&[tools::of_build(profile), vec![Tool::NodeForBrowser, Tool::Chromium]].concat())?;
    let chromium = tools::chromium()?;
    let end2end = paths::root().join("end2end");
    npm::packages(&end2end, "measuring the page")?;
    site::build(profile)?;
    programs::build(profile)?;
    let told = paths::target().join("bench/page.jsonl");
    fs::create_dir_all(told.parent().unwrap_or(Path::new(".")))?;
    fs::write(&told, "").with_context(|| format!("{} cannot be written", told.display()))?;

    let mut playwright = npm::program(&end2end, "playwright");
    playwright.current_dir(&end2end).args(["test", "--config", "figures/playwright.config.ts"]);
    playwright.env("CHROMIUM", chromium).env("FAULTLAB_FIGURES", &told).env("FAULTLAB_SITE", paths::site());
    playwright.env("FAULTLAB_BIN", paths::program("faultlab", profile)).env_remove("FAULTLAB_DAPR");
    progress::run("Measuring the page in a browser", BUILD_LIMIT, &mut playwright)?;

    let figures = read(&fs::read_to_string(&told)?)?;
    println!("\n{}", table(&figures));
    println!("The same figures: {}", file::put("page", &figures)?.display());
    Ok(())
}

fn read(lines: &str) -> Result<Vec<Figure>> {
    let figure = |line| serde_json::from_str(line).with_context(|| format!("{line} is no figure"));
    lines.lines().map(figure).collect()
}

/// A line for each figure, with what it is to be at most.
fn table(figures: &[Figure]) -> String {
    let width = figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or_default();
    let line = |Figure { name, value, unit, goal }: &Figure| {
        let goal = goal.map_or_else(String::new, |goal| {
            let verdict = if *value <= goal { "kept" } else { "MISSED" };
            format!("{:>12} {verdict}", format!("≤ {goal} {unit}").trim_end())
        });
        format!("{name:<width$} {value:>10} {unit:<2} {goal}").trim_end().to_owned()
    };
    figures.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_stands_beside_its_goal_and_says_whether_it_keeps_it() {
        let lines = r#"{"name":"First visit, br","value":250,"unit":"KB","goal":250}
            {"name":"Layout shift","value":0.01,"unit":"","goal":0}
            {"name":"Frame","value":16.7,"unit":"ms"}"#;
        let table = table(&read(lines).unwrap());
        let expected = [
            "First visit, br        250 KB     ≤ 250 KB kept",
            "Layout shift          0.01             ≤ 0 MISSED",
            "Frame                 16.7 ms",
        ];
        assert_eq!(table, expected.join("\n"));
        assert!(read("no figure").is_err());
    }
}
