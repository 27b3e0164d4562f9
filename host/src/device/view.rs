//! A training under way, as it is drawn on a terminal: how far it is, its loss, the norm of each input, the first layer.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph};
use ratatui::{DefaultTerminal, Frame};
use tamis::wire::Progress;

use super::command::durable;
use crate::link::Counts;
use crate::report;
use crate::svg::thousands;

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The device.
    pub name: String,
    /// How far it is.
    pub now: Progress,
    /// The update, or the sample, after which it ends, if that is known.
    pub last: Option<u32>,
    /// Losses over updates, smoothed.
    pub losses: Losses,
    /// The inputs, the first on top.
    pub inputs: Vec<Input>,
    /// The first layer, input after input, each as long as there are units; empty if it is not known.
    pub weights: Vec<f32>,
    /// What has happened on the line, if that is known.
    pub line: Option<Counts>,
}

/// An input.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The mean norm of its column.
    pub norm: f32,
    /// What is said of it.
    pub verdict: &'static str,
}

/// The name of an input, the first of which is 0.
pub fn name(input: usize) -> String {
    format!("x{}", input + 1)
}

/// Inputs as a table; `verdict` heads what is said of them.
pub fn table(inputs: &[Input], verdict: &str) -> comfy_table::Table {
    let rows = inputs
        .iter()
        .map(|input| vec![input.name.clone(), report::number(input.norm, 3), input.verdict.to_owned()]);
    report::table(&["input", "norm", verdict], 1, rows)
}

/// A loss that is smoothed: each that is told moves it by a fiftieth of the way.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    mean: Option<f64>,
    points: Vec<(f64, f64)>,
}

impl Losses {
    /// More points than this are halved.
    const MOST: usize = 1000;

    /// Takes in the loss of an update.
    pub fn push(&mut self, update: u32, loss: f32) {
        let loss = f64::from(loss);
        let mean = self.mean.map_or(loss, |mean| mean + (loss - mean) / 50.0);
        self.mean = Some(mean);
        self.points.push((update.into(), mean));
        if self.points.len() > Self::MOST {
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 0
            });
        }
    }
}

/// Colours that those who do not tell red from green can tell apart.
const BLUE: Color = Color::Rgb(0x00, 0x72, 0xb2);
const ORANGE: Color = Color::Rgb(0xd5, 0x5e, 0x00);

/// Draws a scene on all of a terminal.
pub fn draw(frame: &mut Frame, scene: &Scene) {
    let tall = scene.inputs.len() as u16 + 2;
    let rows = [Constraint::Length(3), Constraint::Min(8), Constraint::Length(tall)];
    let [top, middle, bottom] = Layout::vertical(rows).areas(frame.area());
    let halves = if scene.weights.is_empty() { [100, 0] } else { [50, 50] };
    let [left, right] = Layout::horizontal(halves.map(Constraint::Percentage)).areas(bottom);
    frame.render_widget(Paragraph::new(heading(scene)), top);
    frame.render_widget(losses(scene), middle);
    frame.render_widget(
        Paragraph::new(norms(scene, left)).block(Block::bordered().title(" norm of each input ")),
        left,
    );
    if !scene.weights.is_empty() {
        let title = " first layer, units across ";
        frame.render_widget(Paragraph::new(heat_map(scene)).block(Block::bordered().title(title)), right);
    }
}

fn heading(Scene { name, now, last, line, .. }: &Scene) -> Vec<Line<'static>> {
    let of = last.map_or_else(String::new, |last| format!(" of {}", thousands(last)));
    let far = format!(" {}{of}, digest {:08x}, {}", thousands(now.updates), now.digest, durable(now));
    let state = format!(" {} samples rejected, {} lost by the sensor", now.rejected, now.overruns);
    let frames = line.map_or_else(String::new, |line| {
        let again = line.sent.saturating_sub(line.requests);
        let damaged = line.damaged + line.damaged_there;
        format!("; {} frames sent, {again} of them again, {damaged} damaged", line.sent)
    });
    vec![
        Line::from(vec![Span::from(format!(" {name}")).bold(), Span::from(far)]),
        Line::from(format!("{state}{frames}    q: quit")),
    ]
}

fn losses(scene: &Scene) -> Chart<'_> {
    let points = &scene.losses.points;
    let most = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let (first, last) = (points.first().map_or(0.0, |p| p.0), points.last().map_or(1.0, |p| p.0));
    let line = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(GraphType::Line)
        .style(Style::new().fg(BLUE))
        .data(points);
    let labels = |low: f64, high: f64, digits: usize| [format!("{low:.digits$}"), format!("{high:.digits$}")];
    Chart::new(vec![line])
        .block(Block::bordered().title(" loss, smoothed "))
        .x_axis(Axis::default().bounds([first, last]).labels(labels(first, last, 0)))
        .y_axis(Axis::default().bounds([0.0, most.max(1e-9)]).labels(labels(0.0, most, 3)))
}

/// A bar for each input.
fn norms(scene: &Scene, area: Rect) -> Vec<Line<'static>> {
    const BESIDE: u16 = 36; // the borders, the name, the number, the verdict
    let most = scene.inputs.iter().map(|input| input.norm).fold(f32::MIN_POSITIVE, f32::max);
    let width = f32::from(area.width.saturating_sub(BESIDE));
    let line = |Input { name, norm, verdict }: &Input| {
        let bar = "█".repeat((norm / most * width).round() as usize);
        Line::from(vec![
            Span::from(format!(" {name:<8}{norm:6.3} ")),
            Span::from(bar).fg(if verdict.starts_with("relevant") { ORANGE } else { BLUE }),
            Span::from(format!(" {verdict}")),
        ])
    };
    scene.inputs.iter().map(line).collect()
}

/// A cell for each weight: the darker the larger, of one colour if positive, of another if negative.
fn heat_map(Scene { inputs, weights, .. }: &Scene) -> Vec<Line<'static>> {
    const SHADES: [&str; 5] = ["· ", "░░", "▒▒", "▓▓", "██"];
    let most = weights.iter().map(|weight| weight.abs()).fold(f32::MIN_POSITIVE, f32::max);
    let cell = |weight: &f32| {
        let shade = (weight.abs() / most * SHADES.len() as f32) as usize;
        let colour = if *weight < 0.0 { BLUE } else { ORANGE };
        Span::from(SHADES[shade.min(SHADES.len() - 1)]).fg(colour)
    };
    let units = weights.len() / inputs.len().max(1);
    weights.chunks(units.max(1)).map(|row| Line::from_iter(row.iter().map(cell))).collect()
}

/// A terminal that shows scenes, and is as it was when this is dropped, whatever happens.
pub struct Screen(DefaultTerminal);

impl Screen {
    /// Takes the terminal over, if there is one.
    pub fn take() -> Result<Option<Self>> {
        let is_there = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        Ok(if is_there { Some(Self(ratatui::try_init()?)) } else { None })
    }

    /// Draws a scene; whether somebody has had enough of it.
    pub fn show(&mut self, scene: &Scene) -> Result<bool> {
        self.0.draw(|frame| draw(frame, scene))?;
        let mut is_over = false;
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()? {
                let is_interrupt =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                is_over |= is_interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc);
            }
        }
        Ok(is_over)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn scene() -> Scene {
        let input = |name: &str, norm, verdict| Input { name: name.to_owned(), norm, verdict };
        let mut losses = Losses::default();
        (0..200).for_each(|update| losses.push(update, 1.0));
        Scene {
            name: "mps2-an386".to_owned(),
            now: Progress { updates: 1234, digest: 0xabcd, durable: Some(1000), ..Progress::default() },
            last: Some(5000),
            losses,
            inputs: vec![input("x1", 2.0, "relevant"), input("x2", 0.5, "irrelevant")],
            weights: vec![1.0, -0.01, -0.5, 0.3],
            line: Some(Counts { sent: 10, requests: 8, damaged: 1, ..Counts::default() }),
        }
    }

    fn drawn(scene: &Scene) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(100, 16)).unwrap();
        terminal.draw(|frame| draw(frame, scene)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| (0..100).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..16).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_scene_is_drawn() {
        let lines = drawn(&scene());
        assert_eq!(lines[0], " mps2-an386 1,234 of 5,000, digest 0000abcd, durable up to update 1,000");
        assert!(
            lines[1].ends_with("lost by the sensor; 10 frames sent, 2 of them again, 1 damaged    q: quit")
        );
        // A constant loss is a line at the top, over all of the width.
        assert!(lines[4].contains("1.000") && lines[4].matches('⠉').count() > 80, "{lines:#?}");
        // The bars are as long as the norms, four to one.
        let row = |place: usize| lines[place].split('│').nth(1).unwrap_or_default().trim_end();
        assert!(row(13).starts_with(" x1       2.000 █") && row(13).ends_with(" relevant"), "{lines:#?}");
        let bar = |place| row(place).matches('█').count();
        assert_eq!((bar(13), bar(14)), (14, 4), "{lines:#?}");
        // Units side by side: 1 and -0.01 of the first input, -0.5 and 0.3 of the second.
        let map = |place: usize| lines[place].rsplit('│').nth(1).unwrap_or_default().trim_end().to_owned();
        assert_eq!((map(13).as_str(), map(14).as_str()), ("██·", "▒▒░░"), "{lines:#?}");
    }

    #[test]
    fn without_a_network_there_is_no_heat_map() {
        let lines = drawn(&Scene { weights: Vec::new(), ..scene() });
        assert!(!lines.iter().any(|line| line.contains("first layer")), "{lines:#?}");
    }

    #[test]
    fn many_losses_are_thinned() {
        let mut losses = Losses::default();
        (0..10_000).for_each(|update| losses.push(update, 2.0));
        assert!(losses.points.len() <= Losses::MOST);
        assert_eq!(losses.points.last(), Some(&(9_999.0, 2.0)));
    }
}
