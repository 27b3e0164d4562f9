//! Pictures as SVG and as PNG: the page that figures and charts are drawn on.
//!
//! A picture is [`WIDTH`] wide and as tall as it needs to be. The PNG is set in an embedded font, so it is the same
//! everywhere; a browser that shows the SVG without that font takes another, for which the layout leaves room.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use anyhow::{Context, Result};
use resvg::{tiny_skia, usvg};

use crate::whole;

/// The width of a picture in pixels; the PNG has twice as many.
pub const WIDTH: f32 = 1000.0;
/// What stays free on every side.
pub const MARGIN: f32 = 32.0;
/// Between the margins.
pub const INNER: f32 = WIDTH - 2.0 * MARGIN;

/// Text.
pub const INK: &str = "#1a1a1a";
/// Text beside the point.
pub const GREY: &str = "#5a5a5a";
/// Lines that divide.
pub const RULE: &str = "#d9d9d9";
/// What matters; told from the greys by all readers.
pub const ACCENT: &str = "#d55e00";

/// An SVG in the making.
#[derive(Default)]
pub struct Page {
    pub(crate) body: String,
}

impl Page {
    /// Text whose baseline begins at (x, y); `more` is further attributes.
    pub fn text(&mut self, x: f32, y: f32, size: f32, text: &str, more: &str) {
        let text = escape(text);
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" {more}>{text}</text>");
    }

    /// A rectangle.
    pub fn rect(&mut self, [x, y, width, height]: [f32; 4], more: &str) {
        let _ =
            writeln!(self.body, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {more}/>");
    }

    /// A line.
    pub fn straight(&mut self, [x1, y1, x2, y2]: [f32; 4], more: &str) {
        let _ = writeln!(self.body, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {more}/>");
    }

    /// A disc.
    pub fn circle(&mut self, x: f32, y: f32, radius: f32, more: &str) {
        let _ = writeln!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" {more}/>");
    }

    /// A title, and below it what the picture shows; returns where they end.
    pub fn heading(&mut self, title: &str, guide: &str) -> f32 {
        let mut y = MARGIN + 18.0;
        for line in wrap(title, 20.0, true, INNER) {
            self.text(MARGIN, y, 20.0, &line, "font-weight=\"700\"");
            y += 26.0;
        }
        for line in wrap(guide, 13.0, false, INNER) {
            self.text(MARGIN, y, 13.0, &line, &format!("fill=\"{GREY}\""));
            y += 18.0;
        }
        y + 8.0
    }

    /// The picture, so many pixels high; `defs` is what its parts refer to.
    pub fn finish(self, title: &str, defs: &str, height: f32) -> String {
        let (title, height, body) = (escape(title), height.ceil(), self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" fill=\"{INK}\" \
             font-family=\"Inter, Helvetica, Arial, sans-serif\">\n<title>{title}</title>\n\
             <defs>{defs}</defs>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// Rasterises `svg` at twice its size, with the embedded font only.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let tree = usvg::Tree::from_str(svg, &options()).context("the figure is not an SVG")?;
    let size = tree.size().to_int_size().scale_by(2.0).context("the figure has no size")?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).context("the figure is too large")?;
    pixels.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(2.0, 2.0), &mut pixels.as_mut());
    encode(&pixels)
}

/// An opaque picture as PNG. Its areas are of one colour: without a filter the file is smaller, and written sooner.
fn encode(pixels: &tiny_skia::Pixmap) -> Result<Vec<u8>> {
    let rgb: Vec<u8> = pixels.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_deflate_compression(png::DeflateCompression::Level(3));
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// Writes `svg` as NAME.png and NAME.svg into `folder`, both whole or not at all, and gives the path of the PNG.
pub fn save(svg: &str, folder: &Path, name: &str) -> Result<PathBuf> {
    let png_path = folder.join(name).with_extension("png");
    let svg_path = png_path.with_extension("svg");
    whole::write(&[(png_path.clone(), png(svg)?), (svg_path, svg.as_bytes().to_vec())])?;
    Ok(png_path)
}

/// A colour as SVG writes it.
pub fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Three digits are enough for a scale.
pub fn number(value: f32) -> String {
    let decimals = if value == 0.0 { 0 } else { (2 - value.log10().floor() as i32).clamp(0, 12) as usize };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A count with a comma at every third digit.
pub fn thousands(count: u32) -> String {
    grouped(count.into(), ',')
}

/// A count with a separator at every third digit.
pub fn grouped(count: u64, separator: char) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// Text as XML: five characters are written out, and those that XML forbids are replaced.
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            c if c.is_whitespace() => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Browsers without the font take another one, up to this much wider.
pub const SLACK: f32 = 1.08;

/// `text` in lines of at most `width`, broken at spaces; a longer word stays whole.
pub fn wrap(text: &str, size: f32, bold: bool, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if measure(&format!("{line} {word}"), size, bold) * SLACK <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How wide `text` is in the embedded font.
pub fn measure(text: &str, size: f32, bold: bool) -> f32 {
    let (text, weight) = (escape(text), if bold { 700 } else { 400 });
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><text font-family=\"Inter\" \
         font-size=\"100\" font-weight=\"{weight}\">{text}</text></svg>"
    );
    let tree = usvg::Tree::from_str(&svg, &options());
    tree.map_or(0.0, |tree| tree.root().bounding_box().width() * size / 100.0)
}

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../assets/Inter-Regular.otf").to_vec());
    fonts.load_font_data(include_bytes!("../assets/Inter-Bold.otf").to_vec());
    Arc::new(fonts)
});

fn options() -> usvg::Options<'static> {
    usvg::Options { fontdb: FONTS.clone(), font_family: "Inter".to_owned(), ..usvg::Options::default() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The boxes of all texts: left, top, right, bottom, and the text.
    fn texts(group: &usvg::Group, boxes: &mut Vec<([f32; 4], String)>) {
        for node in group.children() {
            match node {
                usvg::Node::Group(group) => texts(group, boxes),
                usvg::Node::Text(text) => {
                    let r = text.abs_bounding_box();
                    let words = text.chunks().iter().map(|chunk| chunk.text()).collect();
                    boxes.push(([r.left(), r.top(), r.right(), r.bottom()], words));
                }
                _ => {}
            }
        }
    }

    /// Checks that no text overlaps another or is clipped, and gives all texts.
    pub(crate) fn check(svg: &str) -> Vec<String> {
        let tree = usvg::Tree::from_str(svg, &options()).expect("well-formed");
        let (mut boxes, height) = (Vec::new(), tree.size().height());
        texts(tree.root(), &mut boxes);
        for (i, (a, text)) in boxes.iter().enumerate() {
            assert!(a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= WIDTH && a[3] <= height, "{text} is clipped");
            for (b, other) in &boxes[..i] {
                let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] + 1.0 || b[3] <= a[1] + 1.0;
                assert!(apart, "{text} {a:?} overlaps {other} {b:?}");
            }
        }
        assert_eq!(boxes.len(), svg.matches("<text").count(), "every text has glyphs");
        boxes.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, 0.295, 0.6, 1.0, 12.0, 130.0].map(number), ["0", "0.295", "0.6", "1", "12", "130"]);
    }

    #[test]
    fn the_png_has_twice_the_size() -> Result<()> {
        let picture = Page::default().finish("t", "", 123.0);
        let bytes = png(&picture)?;
        assert!(bytes.starts_with(b"\x89PNG"));
        assert_eq!(bytes[16..24], [2000u32.to_be_bytes(), (2 * 123u32).to_be_bytes()].concat());
        assert!(png("<svg").is_err());
        Ok(())
    }
}
