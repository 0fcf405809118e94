//! What a run says: a table on the terminal, `target/bench.json` for machines and
//! `docs/benchmarks.md` for people, all from the same figures.

use serde_json::{Map, Number, Value};
use std::{fmt::Write as _, fs, path::Path};

/// One measured figure, with the limit it is compared to and what must be reached.
pub struct Figure {
    /// Key in `bench.json`; the unit is part of the name.
    pub name: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// The value, in the unit of the name.
    pub value: f64,
    /// The name of the limit measured in the same run.
    pub limit: Option<&'static str>,
    /// What must be reached, for example `≥ 18,000`.
    pub target: Option<Target>,
}

/// What a figure must reach.
#[derive(Clone, Copy)]
pub enum Target {
    /// At least this much.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
}

impl Target {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::Below(bound) => value < bound,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {}", grouped(bound)),
            Self::Below(bound) => format!("< {}", grouped(bound)),
        }
    }
}

/// All figures of a run, in the order they were measured.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure and prints it.
    pub fn add(&mut self, figure: Figure) {
        println!("{}", self.line(&figure));
        self.figures.push(figure);
    }

    /// Adds a figure that is only a limit for others, or a fact beside them.
    pub fn note(&mut self, name: &'static str, what: &'static str, value: f64) {
        self.add(Figure {
            name,
            what,
            value,
            limit: None,
            target: None,
        });
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.figures
            .iter()
            .find(|figure| figure.name == name)
            .map(|figure| figure.value)
    }

    fn share(&self, figure: &Figure) -> Option<f64> {
        Some(figure.value / self.value(figure.limit?)? * 100.0)
    }

    fn line(&self, figure: &Figure) -> String {
        let mut line = format!(
            "{:<34} {:>12}  {}",
            figure.name,
            grouped(figure.value),
            figure.what
        );
        if let (Some(limit), Some(share)) = (figure.limit, self.share(figure)) {
            let _ = write!(line, " — {share:.0} % of {limit}");
        }
        if let Some(target) = figure.target {
            let verdict = if target.met(figure.value) {
                "reached"
            } else {
                "NOT reached"
            };
            let _ = write!(line, " ({} {verdict})", target.words());
        }
        line
    }

    /// Writes `target/bench.json` and the table between the markers of `docs/benchmarks.md`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, root: &Path, machine: &str) -> anyhow::Result<()> {
        let figures: Map<String, Value> = self
            .figures
            .iter()
            .filter_map(|figure| {
                let rounded = (figure.value * 1000.0).round() / 1000.0;
                Some((
                    figure.name.to_owned(),
                    Value::Number(Number::from_f64(rounded)?),
                ))
            })
            .collect();
        fs::create_dir_all(root.join("target"))?;
        fs::write(
            root.join("target/bench.json"),
            serde_json::to_string_pretty(&figures)? + "\n",
        )?;

        let page = root.join("docs/benchmarks.md");
        let text = fs::read_to_string(&page)?;
        let (before, rest) = text.split_once("<!-- figures -->").ok_or_else(|| {
            anyhow::anyhow!("docs/benchmarks.md has lost its marker <!-- figures -->")
        })?;
        let after = rest
            .split_once("<!-- end of figures -->")
            .map_or("", |(_, after)| after);
        let table = self.table(machine);
        fs::write(
            &page,
            format!("{before}<!-- figures -->\n{table}<!-- end of figures -->{after}"),
        )?;
        Ok(())
    }

    fn table(&self, machine: &str) -> String {
        let mut table = format!(
            "\n{machine}\n\n| figure | value | of its limit | must reach | what |\n|---|---:|---:|---|---|\n"
        );
        for figure in &self.figures {
            let share = match (figure.limit, self.share(figure)) {
                (Some(limit), Some(share)) => format!("{share:.0} % of `{limit}`"),
                _ => String::new(),
            };
            let target = figure.target.map_or(String::new(), |target| {
                format!(
                    "{} {}",
                    target.words(),
                    if target.met(figure.value) {
                        "✓"
                    } else {
                        "✗"
                    }
                )
            });
            let _ = writeln!(
                table,
                "| `{}` | {} | {share} | {target} | {} |",
                figure.name,
                grouped(figure.value),
                figure.what
            );
        }
        table.push('\n');
        table
    }
}

/// A number with thousands separated; one decimal below a hundred.
fn grouped(value: f64) -> String {
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}
