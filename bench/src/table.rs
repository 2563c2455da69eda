//! The table that is printed at the end.

use std::fmt;

#[derive(Default)]
pub struct Table(Vec<Row>);

struct Row {
    name: String,
    ratio: Ratio,
    unit: &'static str,
    goal: Goal,
}

/// Ours compared with the other: the medians of both, and the ratios of the pairs.
pub struct Ratio {
    ours: f64,
    other: f64,
    lower_quartile: f64,
    median: f64,
    upper_quartile: f64,
}

/// The target for the median of the ratios.
#[derive(Clone, Copy)]
pub enum Goal {
    /// No target: measured for information.
    None,
    AtMost(f64),
    /// With a more ambitious target.
    AtMostOrBetter(f64, f64),
    AtLeast(f64),
}

impl Table {
    pub fn add(&mut self, name: impl Into<String>, unit: &'static str, ratio: Ratio, goal: Goal) {
        let name = name.into();
        let row = Row {
            name,
            ratio,
            unit,
            goal,
        };
        eprintln!("{row}");
        self.0.push(row);
    }
}

impl Ratio {
    pub fn of_pairs(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (ours, other): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let ratios = ours.iter().zip(&other).map(|(ours, other)| ours / other);
        let ratios = sorted(ratios.collect());
        Self {
            lower_quartile: ratios[ratios.len() / 4],
            median: ratios[ratios.len() / 2],
            upper_quartile: ratios[ratios.len() * 3 / 4],
            ours: median(ours),
            other: median(other),
        }
    }

    pub fn median(&self) -> f64 {
        self.median
    }
}

impl Goal {
    fn is_met_by(self, ratio: f64) -> bool {
        match self {
            Self::None => true,
            Self::AtMost(target) | Self::AtMostOrBetter(target, _) => ratio <= target,
            Self::AtLeast(target) => ratio >= target,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| measured | ours | other | unit | ratio | quartiles | target | stretch | |\n\
             |---|--:|--:|---|--:|---|---|---|---|"
        )?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            ratio,
            unit,
            goal,
        } = self;
        let (target, stretch) = match goal {
            Goal::None => (String::new(), String::new()),
            Goal::AtMost(target) => (format!("≤ {target:.2}"), String::new()),
            Goal::AtMostOrBetter(target, stretch) => {
                (format!("≤ {target:.2}"), format!("≤ {stretch:.2}"))
            }
            Goal::AtLeast(target) => (format!("≥ {target:.2}"), String::new()),
        };
        let verdict = match goal {
            Goal::None => "",
            _ if goal.is_met_by(ratio.median) => "ok",
            _ => "MISSED",
        };
        let [ours, other] = [ratio.ours, ratio.other].map(significant);
        write!(
            f,
            "| {name} | {ours} | {other} | {unit} | {:.3} | {:.3}–{:.3} | {target} | {stretch} | {verdict} |",
            ratio.median, ratio.lower_quartile, ratio.upper_quartile
        )
    }
}

fn significant(number: f64) -> String {
    if number < 100.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

fn median(numbers: Vec<f64>) -> f64 {
    let numbers = sorted(numbers);
    numbers[numbers.len() / 2]
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}
