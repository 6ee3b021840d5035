//! Draws what `soak` has printed: memory over time, as SVG.

use std::fmt::Write;
use std::fs;

/// The area of the curves, in pixels from the left and from the top.
const LEFT: f64 = 50.0;
const TOP: f64 = 20.0;
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 260.0;
const COLOURS: [&str; 4] = ["#1b6ca8", "#5aa9e6", "#b5452c", "#e8926f"];
/// Seconds and pieces stand before the columns of memory.
const BEFORE: usize = 2;

/// Prints a picture of the CSV in the file `path`; lines that are not CSV are passed over.
pub fn run(path: &str) {
    let text = fs::read_to_string(path).expect("a file that soak has printed");
    let mut lines = text.lines().skip_while(|line| !line.starts_with("seconds,"));
    let names: Vec<String> = lines.next().expect("a line of names").split(',').map(title).collect();
    let rows: Vec<Vec<f64>> = lines.filter_map(numbers).filter(|row| row.len() == names.len()).collect();
    println!("{}", picture(&names, &rows));
}

fn title(column: &str) -> String {
    column.trim_end_matches("_kib").replace('_', ", ")
}

fn numbers(line: &str) -> Option<Vec<f64>> {
    line.split(',').map(|word| word.parse().ok()).collect()
}

fn picture(names: &[String], rows: &[Vec<f64>]) -> String {
    let minutes = rows.last().expect("at least one line of numbers")[0] / 60.0;
    let most = rows.iter().flat_map(|row| &row[BEFORE..]).fold(0.0, |most, kib| kib.max(most)) / 1024.0;
    let top = most.ceil() + 1.0;
    let x = |seconds: f64| LEFT + WIDTH * seconds / 60.0 / minutes;
    let y = |mib: f64| TOP + HEIGHT * (1.0 - mib / top);
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"320\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"800\" height=\"320\" fill=\"white\"/>\n",
    );
    let mut add = |line: std::fmt::Arguments<'_>| writeln!(svg, "{line}").expect("a string takes all");
    for mib in (0..=top as u32).step_by(2).map(f64::from) {
        let (right, at) = (LEFT + WIDTH, y(mib));
        add(format_args!("<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/>"));
        add(format_args!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{mib}</text>", LEFT - 6.0, at + 4.0));
    }
    for tenth in 0..=6 {
        let minute = minutes * f64::from(tenth) / 6.0;
        let at = x(minute * 60.0);
        add(format_args!(
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{minute:.0}</text>",
            TOP + HEIGHT + 18.0
        ));
    }
    add(format_args!("<text x=\"4\" y=\"14\">resident memory, MiB</text>"));
    add(format_args!("<text x=\"{}\" y=\"{}\">minutes</text>", LEFT + WIDTH + 24.0, TOP + HEIGHT + 18.0));
    for (column, colour) in (BEFORE..names.len()).zip(COLOURS) {
        let points: Vec<String> =
            rows.iter().map(|row| format!("{:.1},{:.1}", x(row[0]), y(row[column] / 1024.0))).collect();
        add(format_args!("<polyline fill=\"none\" stroke=\"{colour}\" points=\"{}\"/>", points.join(" ")));
        let at = TOP + 14.0 + 18.0 * (column - BEFORE) as f64;
        add(format_args!("<text x=\"{}\" y=\"{at}\" fill=\"{colour}\">{}</text>", LEFT + WIDTH + 10.0, names[column]));
    }
    svg + "</svg>"
}
