//! Reads the rows of one file, whatever its layout.

use headwater_connector_files::{Checkpoint, Format, Place, Rows, Step, Window};
use headwater_sdk::{Batch, Call, Failure};

use crate::config::{Config, Layout};
use crate::detect::detect;
use crate::elements::Elements;
use crate::lines::Lines;
use crate::navigate::navigate;
use crate::text::Text;

/// JSON, as it is configured.
#[derive(Debug, Clone)]
pub struct Json {
    config: Config,
    /// Whether it is the only file: an empty one among several has no rows, alone it is a mistake.
    is_alone: bool,
}

impl Json {
    pub(crate) fn new(config: Config, is_alone: bool) -> Self {
        Self { config, is_alone }
    }

    fn begin(&self, call: &dyn Call, mut text: Text) -> Result<Kind, Failure> {
        let path = &self.config.rows;
        let layout = match self.config.layout {
            Layout::Auto if !path.is_empty() => Layout::Document,
            Layout::Auto => match detect(call, &mut text)? {
                None if self.is_alone => {
                    return Err(text
                        .failure_at(0, "found an empty file, expected JSON")
                        .hint("set `format` to lines if an empty file means no rows"));
                }
                layout => layout.unwrap_or(Layout::Lines),
            },
            layout => layout,
        };
        if layout == Layout::Lines {
            return Ok(Kind::Lines(Lines::new(text)));
        }
        navigate(call, &mut text, path)?;
        let place = format!("/{}", path.join("/"));
        match text.token(call)? {
            Some(b'[') => {
                text.advance(1);
                Ok(Kind::Elements(Elements::new(text, true, path.clone())))
            }
            Some(b'{') if layout == Layout::Document => {
                Ok(Kind::Elements(Elements::new(text, false, path.clone())))
            }
            _ => {
                let expected = match layout {
                    Layout::Array => "an array",
                    _ => "an array or an object",
                };
                let message = format!("found no rows at `{place}`, expected {expected}");
                Err(text.failure_at(0, &message).at_field("rows"))
            }
        }
    }

    fn resume(
        &self,
        call: &dyn Call,
        mut text: Text,
        checkpoint: &Checkpoint,
    ) -> Result<Kind, Failure> {
        let Checkpoint { place, .. } = checkpoint;
        let (state, path) = place.state.split_once(' ').unwrap_or((&place.state, ""));
        let fits = match state {
            Lines::STATE => matches!(self.config.layout, Layout::Auto | Layout::Lines),
            Elements::ARRAY_STATE => self.config.layout != Layout::Lines,
            Elements::OBJECT_STATE => {
                matches!(self.config.layout, Layout::Auto | Layout::Document)
            }
            _ => false,
        };
        if !fits || path != self.config.rows.join("/") {
            return Err(text.window.changed("`rows` or `format` were different"));
        }
        text.line = place.line;
        text.skip_to(call, checkpoint)?;
        text.column = place.column;
        Ok(if state == Lines::STATE {
            Kind::Lines(Lines::resume(call, text, place.unended)?)
        } else {
            let is_array = state == Elements::ARRAY_STATE;
            let path = self.config.rows.clone();
            Kind::Elements(Elements::resume(text, is_array, place.item, path))
        })
    }
}

impl Format for Json {
    type Rows = JsonRows;

    fn start(
        &self,
        call: &dyn Call,
        window: Window,
        resume: Option<&Checkpoint>,
    ) -> Result<JsonRows, Failure> {
        let text = Text::new(window);
        let kind = match resume {
            Some(checkpoint) => self.resume(call, text, checkpoint)?,
            None => self.begin(call, text)?,
        };
        Ok(JsonRows { kind, path: self.config.rows.join("/") })
    }
}

enum Kind {
    Lines(Lines),
    Elements(Elements),
}

/// The rows of one file.
pub struct JsonRows {
    kind: Kind,
    path: String,
}

impl JsonRows {
    /// What the position of a row counts.
    pub(crate) fn position_unit(&self) -> &'static str {
        match self.kind {
            Kind::Lines(_) => "line",
            Kind::Elements(_) => "element",
        }
    }

    fn text(&self) -> &Text {
        match &self.kind {
            Kind::Lines(lines) => &lines.text,
            Kind::Elements(elements) => &elements.text,
        }
    }
}

impl Rows for JsonRows {
    fn row(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<Step, Failure> {
        match &mut self.kind {
            Kind::Lines(lines) => lines.row(call, batch),
            Kind::Elements(elements) => elements.row(call, batch),
        }
    }

    fn place(&self) -> Place {
        let (item, unended, state) = match &self.kind {
            Kind::Lines(lines) => (0, lines.is_unended(), Lines::STATE),
            Kind::Elements(elements) => (elements.item(), false, elements.state()),
        };
        let Text { window, line, column } = self.text();
        let state = format!("{state} {}", self.path);
        Place { byte: window.offset(), line: *line, column: *column, item, unended, state }
    }

    fn window(&self) -> &Window {
        &self.text().window
    }
}
