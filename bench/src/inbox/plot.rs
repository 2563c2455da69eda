//! The plot of [`growth`](super::growth), for the README.

use std::{fmt::Write as _, fs};

use super::growth::Series;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/inbox-growth.svg");

const STYLE: &str = "
    text { font: 12px system-ui, sans-serif; fill: #52514e }
    .title { font-weight: 600; fill: #0b0b0b }
    .grid { stroke: #e1e0d9 }
    .target { stroke: #898781; stroke-dasharray: 4 4 }
    polyline { fill: none; stroke-width: 2 }
    .line0 { stroke: #2a78d6 } .dot0 { fill: #2a78d6 }
    .line1 { stroke: #1baf7a } .dot1 { fill: #1baf7a }
    @media (prefers-color-scheme: dark) {
        text { fill: #c3c2b7 }
        .title { fill: #ffffff }
        .grid { stroke: #2c2c2a }
        .line0 { stroke: #3987e5 } .dot0 { fill: #3987e5 }
        .line1 { stroke: #199e70 } .dot1 { fill: #199e70 }
    }
";

/// A panel's size, and its highest value.
const WIDTH: f64 = 260.0;
const HEIGHT: f64 = 160.0;
const TOP: f64 = 40.0;
const HIGHEST: f64 = 1.5;

pub fn write(series: &[Series]) {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 700 260\" role=\"img\">\n\
         <title>Rates of a full inbox against an empty one</title>\n<style>{STYLE}</style>\n"
    );
    for (index, one) in series.iter().enumerate() {
        let (x, name) = (40 + index * 120, one.name);
        let _ = writeln!(
            svg,
            "<circle class=\"dot{index}\" cx=\"{x}\" cy=\"250\" r=\"4\"/>\
             <text x=\"{}\" y=\"254\">{name}</text>",
            x + 10
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"280\" y=\"254\">Dashed: the target, 0.67</text>"
    );
    let accepting = series.iter().map(|series| &*series.accepting);
    let title = "Accepting, by deliveries stored";
    panel(&mut svg, 40.0, title, &accepting.collect::<Vec<_>>());
    let claiming = series.iter().map(|series| &*series.claiming);
    let title = "Claiming, by parcels waiting";
    panel(&mut svg, 400.0, title, &claiming.collect::<Vec<_>>());
    svg.push_str("</svg>\n");
    fs::write(FILE, svg).expect("a file");
}

fn panel(svg: &mut String, left: f64, title: &str, lines: &[&[(u64, f64)]]) {
    let right = left + WIDTH;
    let y = |ratio: f64| TOP + HEIGHT * (1.0 - ratio.min(HIGHEST) / HIGHEST);
    let _ = writeln!(
        svg,
        "<text class=\"title\" x=\"{left}\" y=\"20\">{title}</text>"
    );
    for ratio in [0.0, 0.5, 1.0, 1.5] {
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{0}\" y2=\"{0}\"/>\
             <text x=\"{1}\" y=\"{2}\" text-anchor=\"end\">{ratio}</text>",
            y(ratio),
            left - 6.0,
            y(ratio) + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<line class=\"target\" x1=\"{left}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>",
        y(0.67)
    );
    for (index, line) in lines.iter().enumerate() {
        let gap = WIDTH / (line.len() as f64 - 1.0);
        let mut points = String::new();
        for (place, (count, ratio)) in line.iter().enumerate() {
            let (x, y) = (left + gap * place as f64, y(*ratio));
            let _ = write!(points, "{x:.1},{y:.1} ");
            let _ = writeln!(
                svg,
                "<circle class=\"dot{index}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\">\
                 <title>{count}: {ratio:.2}</title></circle>"
            );
            if index == 0 {
                let _ = writeln!(
                    svg,
                    "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    TOP + HEIGHT + 20.0,
                    thousands(*count)
                );
            }
        }
        let _ = writeln!(svg, "<polyline class=\"line{index}\" points=\"{points}\"/>");
    }
}

/// The number with commas between groups of three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
