//! The course of a training: what is recorded of it, and the picture.
//!
//! Above, the column norm of each input over the updates; below, the loss. Relevant inputs, irrelevant ones and
//! probes are told by width and dashes as well as by colour, and named where their lines end.

use std::fmt::Write;

use serde::Serialize;
use tamis::trainer::CHECK_EVERY;

use crate::heatmap::{Input, Kind};
use crate::replica::Seen;
use crate::svg::{ACCENT, GREY, INK, MARGIN, Page, RULE, SLACK, WIDTH, measure, number, thousands};

/// A training at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// How many updates have been made.
    pub update: u32,
    /// The mean loss of the updates since the point before.
    pub loss: f32,
    /// The column norm of each input.
    pub norms: Vec<f32>,
}

/// Records a training, at no more than [`POINTS`] moments and one.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// From one point to the next.
    pub every: u32,
    sum: f64,
    summed: u32,
    /// The column norms before the first update.
    start: Vec<f32>,
    /// What has been recorded.
    pub points: Vec<Point>,
}

/// How many moments of a training are recorded.
pub const POINTS: u32 = 1000;

impl Recorder {
    /// For so many updates; `start` is the column norms before them.
    pub fn new(updates: u32, start: Vec<f32>) -> Self {
        let every = updates.div_ceil(CHECK_EVERY).div_ceil(POINTS).max(1) * CHECK_EVERY;
        Self { every, sum: 0.0, summed: 0, start, points: Vec::new() }
    }

    /// Takes in an update.
    pub fn watch(&mut self, Seen { update, loss, norms, .. }: Seen<'_>, last: u32) {
        self.sum += f64::from(loss);
        self.summed += 1;
        if let Some(norms) = norms.filter(|_| update.is_multiple_of(self.every) || update == last) {
            let loss = (self.sum / f64::from(self.summed)) as f32;
            self.points.push(Point { update, loss, norms: norms.to_vec() });
            (self.sum, self.summed) = (0.0, 0);
        }
    }
}

/// A moment to point at.
#[derive(Clone, Debug)]
pub struct Mark {
    /// After so many updates.
    pub update: u32,
    /// What happens there.
    pub name: String,
}

/// A picture of one training.
#[derive(Clone, Copy, Debug)]
pub struct Curves<'a> {
    /// What was trained, on what.
    pub title: &'a str,
    /// What came of it.
    pub caption: &'a str,
    /// What was recorded, every so many updates.
    pub recorder: &'a Recorder,
    /// The inputs, in the order of the norms.
    pub inputs: &'a [Input],
    /// What is pointed at.
    pub marks: &'a [Mark],
}

/// Room for the numbers left of the plots.
const AXIS: f32 = 48.0;
/// Room for the names right of them.
const NAMES: f32 = 92.0;
pub(crate) const LEFT: f32 = MARGIN + AXIS;
pub(crate) const RIGHT: f32 = WIDTH - MARGIN - NAMES;
/// How high the plots are.
const NORMS: f32 = 320.0;
const LOSS: f32 = 150.0;
/// Between the names of two lines.
const PITCH: f32 = 16.0;
/// More relevant inputs than this share a name.
const NAMED: usize = 12;
/// A line has no more points than this; the rest goes into means.
const SEEN: usize = 360;
/// An irrelevant input.
const PALE: &str = "#9a9a9a";
/// A probe.
const DIM: &str = "#777777";

/// The picture.
pub fn svg(curves: &Curves<'_>) -> String {
    let &Curves { title, caption, recorder, inputs, marks } = curves;
    let mut page = Page::default();
    let mut y = page.heading(title, caption);
    page.key(y, inputs);
    y += 40.0;

    let points = thin(&recorder.points);
    let last = recorder.points.last().map_or(0, |point| point.update).max(1);
    let across = |update: u32| LEFT + (RIGHT - LEFT) * (f64::from(update) / f64::from(last)) as f32;
    let of = |input: usize| {
        let norms = points.iter().map(|point| (point.update, &point.norms));
        let norms = [(0, &recorder.start)].into_iter().chain(norms);
        norms.filter_map(move |(update, norms)| Some((across(update), *norms.get(input)?)))
    };
    let all = || points.iter().flat_map(|point| &point.norms).chain(&recorder.start).copied();
    let explodes = largest(all()) > 30.0 * largest(recorder.start.iter().copied());
    let heading = format!("Column norm of each input{}", if explodes { ", logarithmic" } else { "" });
    page.text(MARGIN, y, 14.0, &heading, "font-weight=\"700\"");
    y += 12.0;
    let marks: Vec<_> = marks.iter().filter(|mark| mark.update <= last).collect();
    let scale = if explodes {
        Scale::logarithmic(all(), y, y + NORMS)
    } else {
        Scale::linear(all(), y, y + NORMS, 6.0)
    };
    page.grid(&scale);
    page.verticals(y, y + NORMS, marks.iter().map(|mark| across(mark.update)));
    for kind in [Kind::Irrelevant, Kind::Probe, Kind::Relevant] {
        for input in (0..inputs.len()).filter(|&input| inputs[input].kind == kind) {
            page.curve(&scale, of(input), &style(kind));
        }
    }
    let end = points.last().map_or(&[][..], |point| &point.norms);
    page.names(&scale, end, inputs);
    page.marks(y, across, &marks);
    y += NORMS + 42.0;

    let is_log = spans_much(points.iter().map(|point| point.loss));
    let mean = thousands((recorder.every * group(&recorder.points) as u32).min(last));
    let heading = format!("Loss, mean of {mean} updates{}", if is_log { ", logarithmic" } else { "" });
    page.text(MARGIN, y, 14.0, &heading, "font-weight=\"700\"");
    y += 12.0;
    let losses = points.iter().map(|point| point.loss);
    let scale = if is_log {
        Scale::logarithmic(losses, y, y + LOSS)
    } else {
        Scale::linear(losses, y, y + LOSS, 4.0)
    };
    page.grid(&scale);
    page.verticals(y, y + LOSS, marks.iter().map(|mark| across(mark.update)));
    let loss = points.iter().map(|point| (across(point.update), point.loss));
    page.curve(&scale, loss, &format!("stroke=\"{INK}\" stroke-width=\"1.3\""));
    y += LOSS;
    page.updates(y, last, across);
    page.finish(title, "", y + 44.0 + MARGIN - 14.0)
}

/// How many points are shown as one.
fn group(points: &[Point]) -> usize {
    points.len().div_ceil(SEEN).max(1)
}

/// At most [`SEEN`] points, each the mean of as many.
fn thin(points: &[Point]) -> Vec<Point> {
    let mean = |group: &[Point], of: &dyn Fn(&Point) -> f32| {
        (group.iter().map(|point| f64::from(of(point))).sum::<f64>() / group.len() as f64) as f32
    };
    let thinned = points.chunks(group(points)).filter_map(|group| {
        let last = group.last()?;
        let norms = (0..last.norms.len())
            .map(|input| mean(group, &|point| point.norms.get(input).copied().unwrap_or(f32::NAN)));
        Some(Point { update: last.update, loss: mean(group, &|point| point.loss), norms: norms.collect() })
    });
    thinned.collect()
}

/// How the line of an input looks.
fn style(kind: Kind) -> String {
    let (colour, width, dashes) = match kind {
        Kind::Relevant => (ACCENT, 2.6, ""),
        Kind::Irrelevant => (PALE, 1.3, ""),
        Kind::Probe => (DIM, 1.1, " stroke-dasharray=\"5 3\""),
    };
    format!("stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}")
}

/// The largest finite value, zero at least.
fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.filter(|value| value.is_finite()).fold(0.0, f32::max)
}

/// Whether a logarithm shows more.
pub(crate) fn spans_much(values: impl Iterator<Item = f32>) -> bool {
    let (mut least, mut most) = (f32::INFINITY, 0.0_f32);
    for value in values.filter(|value| value.is_finite()) {
        (least, most) = (least.min(value), most.max(value));
    }
    least > 0.0 && most > 5.0 * least
}

/// A scale from numbers to places on the page: vertical, or horizontal with its right end as `top`.
pub(crate) struct Scale {
    pub(crate) ticks: Vec<f32>,
    from: f32,
    to: f32,
    is_log: bool,
    top: f32,
    pub(crate) bottom: f32,
}

impl Scale {
    /// From zero to the largest finite value, with at most so many numbers above zero.
    pub(crate) fn linear(values: impl Iterator<Item = f32>, top: f32, bottom: f32, parts: f64) -> Self {
        let most = largest(values);
        let to = if most > 0.0 { most * 1.06 } else { 1.0 };
        let step = step(f64::from(to), parts);
        let ticks = (0..).map(|tick| (f64::from(tick) * step) as f32).take_while(|&tick| tick <= to);
        Self { ticks: ticks.collect(), from: 0.0, to, is_log: false, top, bottom }
    }

    /// From the smallest positive value to the largest.
    pub(crate) fn logarithmic(values: impl Iterator<Item = f32>, top: f32, bottom: f32) -> Self {
        let values: Vec<f32> = values.filter(|&value| value.is_finite() && value > 0.0).collect();
        let from = values.iter().copied().fold(f32::INFINITY, f32::min) / 1.15;
        let to = values.iter().copied().fold(0.0, f32::max) * 1.15;
        let decades = f64::from(from).log10().floor() as i32..=f64::from(to).log10().ceil() as i32;
        let wide = decades.clone().count();
        let digits = if wide > 4 { &[1.0][..] } else { &[1.0, 2.0, 5.0] };
        let skip = (wide / 8).max(1);
        let ticks = decades
            .step_by(skip)
            .flat_map(|decade| digits.iter().map(move |digit| (digit * 10f64.powi(decade)) as f32))
            .filter(|&tick| from <= tick && tick <= to);
        Self { ticks: ticks.collect(), from, to, is_log: true, top, bottom }
    }

    /// Where `value` is, at an end if it is beyond; nothing for one that is not finite.
    pub(crate) fn place(&self, value: f32) -> Option<f32> {
        let share = if self.is_log {
            (value.ln() - self.from.ln()) / (self.to.ln() - self.from.ln())
        } else {
            value / self.to
        };
        let is_shown = value.is_finite() && !share.is_nan();
        is_shown.then(|| self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top))
    }
}

/// 1, 2 or 5 times a power of ten: what divides `range` into at most so many parts.
fn step(range: f64, parts: f64) -> f64 {
    let least = range / parts.max(1.0);
    let unit = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].iter().map(|digit| digit * unit).find(|&step| step >= least).unwrap_or(10.0 * unit)
}

/// A number beside a scale.
pub(crate) fn tick(value: f32) -> String {
    if value == 0.0 || (1e-4..1e4).contains(&value) { number(value) } else { format!("{value:.0e}") }
}

impl Page {
    /// What the lines mean.
    fn key(&mut self, y: f32, inputs: &[Input]) {
        let mut x = MARGIN;
        let entries =
            [(Kind::Relevant, "relevant in truth"), (Kind::Irrelevant, "irrelevant"), (Kind::Probe, "probe")];
        for (kind, name) in entries.into_iter().filter(|(kind, _)| inputs.iter().any(|i| i.kind == *kind)) {
            self.straight([x, y - 4.5, x + 26.0, y - 4.5], &style(kind));
            let weight = if kind == Kind::Relevant { "font-weight=\"700\"" } else { "" };
            self.text(x + 33.0, y, 13.0, name, weight);
            x += 33.0 + measure(name, 13.0, true) * SLACK + 24.0;
        }
    }

    /// The numbers of a scale, and a line at each.
    pub(crate) fn grid(&mut self, scale: &Scale) {
        for &value in &scale.ticks {
            let Some(y) = scale.place(value) else { continue };
            let colour = if value == 0.0 { PALE } else { RULE };
            self.straight([LEFT, y, RIGHT, y], &format!("stroke=\"{colour}\""));
            let more = format!("text-anchor=\"end\" fill=\"{GREY}\"");
            self.text(LEFT - 8.0, y + 4.0, 12.0, &tick(value), &more);
        }
    }

    fn verticals(&mut self, top: f32, bottom: f32, places: impl Iterator<Item = f32>) {
        for x in places {
            let more = format!("stroke=\"{GREY}\" stroke-width=\"1\" stroke-dasharray=\"1 3\"");
            self.straight([x, top, x, bottom], &more);
        }
    }

    /// The names of the marks, at the top of the upper plot.
    fn marks(&mut self, y: f32, across: impl Fn(u32) -> f32, marks: &[&Mark]) {
        for (row, mark) in marks.iter().enumerate() {
            let x = across(mark.update);
            let is_left = x < (LEFT + RIGHT) / 2.0;
            let (x, anchor) = if is_left { (x + 6.0, "start") } else { (x - 6.0, "end") };
            let more = format!(
                "text-anchor=\"{anchor}\" fill=\"{GREY}\" stroke=\"#ffffff\" stroke-width=\"4\" paint-order=\"stroke\""
            );
            self.text(x, y + 12.0 + PITCH * row as f32, 12.0, &mark.name, &more);
        }
    }

    /// A line through what can be shown of `points`; a dot where it is one point.
    pub(crate) fn curve(&mut self, scale: &Scale, points: impl Iterator<Item = (f32, f32)>, style: &str) {
        let (mut path, mut count, mut pen_is_up) = (String::new(), 0, true);
        for (x, value) in points {
            let Some(y) = scale.place(value) else {
                pen_is_up = true;
                continue;
            };
            let _ = write!(path, "{}{x:.1} {y:.1}", if pen_is_up { 'M' } else { 'L' });
            pen_is_up = false;
            count += 1;
        }
        let (dot, style) = if count == 1 {
            ("h0.1", format!("stroke=\"{INK}\" stroke-width=\"6\" stroke-linecap=\"round\""))
        } else {
            ("", style.to_owned())
        };
        if count > 0 {
            let _ = writeln!(
                self.body,
                "<path d=\"{path}{dot}\" fill=\"none\" stroke-linejoin=\"round\" {style}/>"
            );
        }
    }

    /// The names of the inputs where their lines end: each relevant one, the others together.
    fn names(&mut self, scale: &Scale, end: &[f32], inputs: &[Input]) {
        let places = |kind: Kind| {
            let of_kind = inputs.iter().zip(end).filter(move |(input, _)| input.kind == kind);
            of_kind.filter_map(|(input, &norm)| Some((scale.place(norm)?, input.name.as_str())))
        };
        let mut names: Vec<(f32, String, Kind)> = Vec::new();
        for kind in [Kind::Relevant, Kind::Irrelevant, Kind::Probe] {
            let of_kind: Vec<_> = places(kind).collect();
            let (Some((_, first)), Some((_, last))) = (of_kind.first(), of_kind.last()) else { continue };
            if kind == Kind::Relevant && of_kind.len() <= NAMED {
                names.extend(of_kind.iter().map(|&(y, name)| (y, name.to_owned(), kind)));
                continue;
            }
            let name = if of_kind.len() == 1 { (*first).to_owned() } else { format!("{first} to {last}") };
            let middle = of_kind.iter().map(|(y, _)| y).sum::<f32>() / of_kind.len() as f32;
            names.push((middle, name, kind));
        }
        names.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wanted: Vec<f32> = names.iter().map(|name| name.0).collect();
        for ((y, name, kind), at) in names.iter().zip(apart(&wanted, scale.bottom)) {
            let (colour, weight) =
                if *kind == Kind::Relevant { (ACCENT, "font-weight=\"700\"") } else { (GREY, "") };
            self.straight([RIGHT + 3.0, *y, RIGHT + 13.0, at], &format!("stroke=\"{PALE}\""));
            self.text(RIGHT + 17.0, at + 4.0, 12.0, name, &format!("fill=\"{colour}\" {weight}"));
        }
    }

    /// The scale of the updates, below both plots.
    fn updates(&mut self, y: f32, last: u32, across: impl Fn(u32) -> f32) {
        self.straight([LEFT, y, RIGHT, y], &format!("stroke=\"{PALE}\""));
        let step = step(last.into(), 6.0).max(1.0) as u32;
        for update in (0..=last / step).map(|tick| tick * step) {
            let x = across(update);
            self.straight([x, y, x, y + 5.0], &format!("stroke=\"{PALE}\""));
            let more = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
            self.text(x, y + 19.0, 12.0, &thousands(update), &more);
        }
        let more = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
        self.text((LEFT + RIGHT) / 2.0, y + 39.0, 12.0, "updates", &more);
    }
}

/// Ascending places at least [`PITCH`] apart and not below `bottom`, each near the one wanted.
pub(crate) fn apart(wanted: &[f32], bottom: f32) -> Vec<f32> {
    let mut places = wanted.to_vec();
    let mut free = f32::NEG_INFINITY;
    for place in &mut places {
        *place = place.max(free);
        free = *place + PITCH;
    }
    let mut free = bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(free);
        free = *place - PITCH;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::check;

    fn inputs(relevant: usize, irrelevant: usize, probes: usize) -> Vec<Input> {
        let kinds = [(Kind::Relevant, relevant), (Kind::Irrelevant, irrelevant), (Kind::Probe, probes)];
        let kinds = kinds.into_iter().flat_map(|(kind, count)| vec![kind; count]);
        let name = |(i, kind)| match kind {
            Kind::Probe => Input { name: format!("p{}", i + 1 - relevant - irrelevant), kind },
            _ => Input { name: format!("x{}", i + 1), kind },
        };
        kinds.enumerate().map(name).collect()
    }

    fn recorded(updates: u32, inputs: usize, norm: impl Fn(u32, usize) -> f32) -> Recorder {
        let norms = |update| (0..inputs).map(|input| norm(update, input)).collect::<Vec<_>>();
        let mut recorder = Recorder::new(updates, norms(0));
        for update in 1..=updates {
            let norms = norms(update);
            let is_check = update.is_multiple_of(CHECK_EVERY) || update == updates;
            let loss = 2.0 / update as f32;
            recorder.watch(Seen { update, loss, norms: is_check.then_some(&norms), params: &[] }, updates);
        }
        recorder
    }

    fn picture(recorder: &Recorder, inputs: &[Input]) -> String {
        let mark = |update, name: &str| Mark { update, name: name.to_owned() };
        let marks = [mark(100, "warm-up ends"), mark(120, "step size times 0.2")];
        svg(&Curves { title: "sine", caption: "found none", recorder, inputs, marks: &marks })
    }

    #[test]
    fn losses_are_means_and_points_are_few() {
        let recorder = recorded(250, 1, |update, _| update as f32);
        let mean = |from: u32, to: u32| {
            (from..=to).map(|update| f64::from(2.0 / update as f32)).sum::<f64>() / f64::from(to - from + 1)
        };
        let points: Vec<_> = recorder.points.iter().map(|point| (point.update, point.loss)).collect();
        assert_eq!(points, [(1, 100), (101, 200), (201, 250)].map(|(a, b)| (b, mean(a, b) as f32)));
        assert!(recorder.points.iter().all(|point| point.norms == [point.update as f32]));

        for updates in [1, 99, 100, 100_000, 100_001, 1_234_567] {
            let recorder = recorded(updates, 1, |_, _| 1.0);
            assert!(recorder.points.len() <= POINTS as usize + 1, "{updates}: {}", recorder.points.len());
            assert_eq!(recorder.points.last().map(|point| point.update), Some(updates));
        }
    }

    #[test]
    fn no_text_overlaps_or_is_clipped() {
        let steady = |_, input: usize| 1.0 + input as f32 / 100.0;
        let explosive = |update: u32, input: usize| 1.1f32.powi(update as i32) + input as f32;
        for (relevant, irrelevant, probes) in [(2, 6, 0), (5, 5, 8), (12, 1, 1), (30, 500, 400), (0, 3, 0)] {
            let (inputs, count) = (inputs(relevant, irrelevant, probes), relevant + irrelevant + probes);
            for updates in [1, 50, 400] {
                check(&picture(&recorded(updates.max(130), count, steady), &inputs));
                check(&picture(&recorded(updates.max(130), count, explosive), &inputs));
            }
        }
        check(&picture(&recorded(5000, 3, |_, _| 0.0), &inputs(1, 1, 1)));
        check(&picture(&recorded(200, 3, |_, _| f32::NAN), &inputs(1, 1, 1)));
        check(&picture(&Recorder::new(0, vec![1.0]), &inputs(1, 0, 0)));
    }

    /// Width, dashes and names tell what colour does.
    #[test]
    fn every_input_has_a_line() {
        let inputs = inputs(2, 3, 4);
        let picture = picture(&recorded(300, 9, |update, input| (update + 1) as f32 * input as f32), &inputs);
        let count = |kind| picture.matches(&format!("stroke-linejoin=\"round\" {}/>", style(kind))).count();
        assert_eq!([Kind::Relevant, Kind::Irrelevant, Kind::Probe].map(count), [2, 3, 4]);
        let texts = check(&picture);
        for name in ["x1", "x2", "x3 to x5", "p1 to p4", "warm-up ends", "relevant in truth", "updates"] {
            assert!(texts.contains(&name.to_owned()), "{name} is not in {texts:?}");
        }
    }

    #[test]
    fn steps_are_round() {
        let steps = [(3.7, 6.0), (50_000.0, 6.0), (0.52, 4.0), (1.0, 1.0), (7.0, 1.0)];
        assert_eq!(steps.map(|(range, parts)| step(range, parts)), [1.0, 10_000.0, 0.2, 1.0, 10.0]);
        assert_eq!(
            [0.0, 0.5, 20.0, 12_000.0, 1e-7].map(tick),
            ["0", "0.5", "20", "1e4", "1e-7"].map(str::to_owned)
        );
    }

    #[test]
    fn names_keep_apart() {
        assert_eq!(apart(&[10.0, 50.0], 100.0), [10.0, 50.0]);
        assert_eq!(apart(&[10.0, 11.0, 12.0], 100.0), [10.0, 26.0, 42.0]);
        assert_eq!(apart(&[99.0, 100.0], 100.0), [84.0, 100.0]);
    }
}
