//! The text of a `.cube` file: keywords, then a line of red, green and blue for each entry.

use wasmux_sdk::Error;

/// Entries of a side of a table of three dimensions. Those in use have 17 to 65; the largest takes 3 MiB.
const MAX_3D: usize = 65;
/// Entries of a table of one dimension.
const MAX_1D: usize = 65_536;

/// A table from colours to colours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cube {
    /// What the first and the last entry of each channel stand for.
    low: [f32; 3],
    high: [f32; 3],
    size: usize,
    is_solid: bool,
    /// Red runs fastest.
    entries: Vec<[f32; 3]>,
}

impl Cube {
    /// Reads a file. The error names the line, counted from 1.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut cube = Self { low: [0.0; 3], high: [1.0; 3], size: 0, is_solid: false, entries: Vec::new() };
        for (number, line) in (1usize..).zip(text.lines()) {
            cube.line(line.trim()).map_err(|what| invalid(&format!("line {number} {what}")))?;
        }
        let (wanted, found) = (cube.wanted(), cube.entries.len());
        if wanted == 0 {
            return Err(invalid("it has neither LUT_1D_SIZE nor LUT_3D_SIZE"));
        }
        if found < wanted {
            return Err(invalid(&format!("it ends after {found} of {wanted} colours")));
        }
        Ok(cube)
    }

    fn wanted(&self) -> usize {
        if self.is_solid { self.size.pow(3) } else { self.size }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" | "TITLE" => Ok(()),
            _ if word.starts_with('#') => Ok(()),
            "LUT_1D_SIZE" => self.sized(rest, false, MAX_1D),
            "LUT_3D_SIZE" => self.sized(rest, true, MAX_3D),
            "DOMAIN_MIN" => colour(rest).and_then(|low| self.domain(low, self.high)),
            "DOMAIN_MAX" => colour(rest).and_then(|high| self.domain(self.low, high)),
            _ if word.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                let known = "TITLE, LUT_1D_SIZE, LUT_3D_SIZE, DOMAIN_MIN and DOMAIN_MAX";
                Err(format!("has the keyword `{}`; known are {known}", shortened(word)))
            }
            _ if self.size == 0 => Err("has a colour before LUT_1D_SIZE or LUT_3D_SIZE".to_owned()),
            _ if self.entries.len() == self.wanted() => {
                Err(format!("has a colour too many; there are {} already", self.wanted()))
            }
            _ => colour(line).map(|colour| self.entries.push(colour)),
        }
    }

    fn sized(&mut self, text: &str, is_solid: bool, most: usize) -> Result<(), String> {
        if self.size != 0 {
            return Err("has a second size".to_owned());
        }
        let size = text.trim().parse().ok().filter(|size| (2..=most).contains(size));
        let size = size.ok_or_else(|| format!("has the size `{}`; allowed are 2 to {most}", shortened(text.trim())))?;
        (self.size, self.is_solid) = (size, is_solid);
        self.entries.reserve(self.wanted());
        Ok(())
    }

    fn domain(&mut self, low: [f32; 3], high: [f32; 3]) -> Result<(), String> {
        if low.iter().zip(&high).any(|(low, high)| low >= high) {
            return Err(format!("has a domain from {low:?} to {high:?}; the second must be larger"));
        }
        (self.low, self.high) = (low, high);
        Ok(())
    }

    /// The colour for a colour. Outside of the domain the outermost entries are continued in a straight line, so that a table that
    /// changes nothing changes nothing there either.
    pub(crate) fn map(&self, colour: [f32; 3]) -> [f32; 3] {
        let last = self.size - 2;
        let places: [(usize, f32); 3] = std::array::from_fn(|channel| {
            let share = (colour[channel] - self.low[channel]) / (self.high[channel] - self.low[channel]);
            let at = share * (self.size - 1) as f32;
            let cell = (at.max(0.0) as usize).min(last);
            (cell, at - cell as f32)
        });
        if self.is_solid { self.solid(places) } else { self.flat(places) }
    }

    fn flat(&self, places: [(usize, f32); 3]) -> [f32; 3] {
        std::array::from_fn(|channel| {
            let (cell, share) = places[channel];
            let (from, to) = (self.entries[cell][channel], self.entries[cell + 1][channel]);
            from + (to - from) * share
        })
    }

    /// Tetrahedral: from corner to corner of the cell, along the channels from the largest share to the smallest.
    fn solid(&self, places: [(usize, f32); 3]) -> [f32; 3] {
        let steps = [1, self.size, self.size * self.size];
        let mut at: usize = places.iter().zip(steps).map(|((cell, _), step)| cell * step).sum();
        let mut order = [0, 1, 2];
        order.sort_by(|a, b| places[*b].1.total_cmp(&places[*a].1));
        let mut sum = self.entries[at];
        for channel in order {
            let next = at + steps[channel];
            let (from, to) = (self.entries[at], self.entries[next]);
            for (sum, (from, to)) in sum.iter_mut().zip(from.iter().zip(&to)) {
                *sum += (to - from) * places[channel].1;
            }
            at = next;
        }
        sum
    }
}

fn colour(text: &str) -> Result<[f32; 3], String> {
    let wrong = || format!("is `{}`; it must be three numbers", shortened(text));
    let mut parts = text.split_whitespace();
    let mut colour = [0.0; 3];
    for channel in &mut colour {
        let number = parts.next().and_then(|part| part.parse::<f32>().ok());
        // What is far beyond any picture would only become infinite on the way.
        *channel = number.filter(|number| number.abs() <= 1e6).ok_or_else(wrong)?;
    }
    if parts.next().is_some() { Err(wrong()) } else { Ok(colour) }
}

fn invalid(what: &str) -> Error {
    Error::new("InvalidLut", format!("the file is no .cube that can be used: {what}")).field("URI")
}

/// As much of a line as a message can bear.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of three dimensions, of a function of each channel.
    pub(crate) fn solid(size: usize, channel: impl Fn(f32) -> f32) -> String {
        let mut text = format!("# made by a test\nTITLE \"a table\"\nLUT_3D_SIZE {size}\n");
        let level = |step: usize| channel(step as f32 / (size - 1) as f32);
        for at in 0..size.pow(3) {
            let (red, green, blue) = (level(at % size), level(at / size % size), level(at / size / size));
            text.push_str(&format!("{red} {green} {blue}\n"));
        }
        text
    }

    pub(crate) fn flat(size: usize, channel: impl Fn(f32) -> f32) -> String {
        let level = |step: usize| channel(step as f32 / (size - 1) as f32);
        let lines = (0..size).map(|step| format!("{0} {0} {0}\n", level(step)));
        format!("LUT_1D_SIZE {size}\n\n{}", lines.collect::<String>())
    }

    fn refused(text: &str, part: &str) {
        let error = Cube::parse(text).unwrap_err();
        assert_eq!((error.code(), error.field_path()), ("InvalidLut", Some("URI")));
        assert!(error.message().contains(part), "{error}");
    }

    #[test]
    fn errors_name_the_line() {
        refused("LUT_1D_SIZE 2\n0 0 0\n1 1\n", "line 3 is `1 1`");
        refused("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n1 1 1\n", "line 4 has a colour too many; there are 2");
        refused("LUT_1D_SIZE 2\r\n0 0 NaN\r\n", "line 2 is `0 0 NaN`");
        refused("# nothing\n0 0 0\n", "line 2 has a colour before");
        refused("LUT_3D_SIZE 66\n", "line 1 has the size `66`; allowed are 2 to 65");
        refused("LUT_3D_SIZE 2\nLUT_1D_SIZE 2\n", "line 2 has a second size");
        refused("LUT_3D_INPUT_RANGE 0 1\n", "line 1 has the keyword `LUT_3D_INPUT_RANGE`; known are TITLE");
        refused("DOMAIN_MIN 0 0 1\n", "line 1 has a domain");
    }

    #[test]
    fn a_file_that_is_none_is_refused() {
        refused("", "neither LUT_1D_SIZE nor LUT_3D_SIZE");
        refused("LUT_3D_SIZE 3\n0 0 0\n", "ends after 1 of 27 colours");
    }

    #[test]
    fn a_domain_stretches_the_table() {
        let text = "DOMAIN_MIN -1 -1 -1\nDOMAIN_MAX 3 3 3\nLUT_1D_SIZE 2\n0 0 0\n1 1 1\n";
        assert_eq!(Cube::parse(text).unwrap().map([-1.0, 1.0, 3.0]), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn a_solid_table_mixes_channels() {
        // Red becomes blue and the other way round.
        let corners = (0..8).map(|at| format!("{} {} {}\n", at >> 2, at >> 1 & 1, at & 1));
        let cube = Cube::parse(&format!("LUT_3D_SIZE 2\n{}", corners.collect::<String>())).unwrap();
        let swapped = cube.map([0.25, 0.5, 0.75]);
        assert!(swapped.iter().zip([0.75, 0.5, 0.25]).all(|(a, b)| (a - b).abs() < 1e-6), "{swapped:?}");
    }

    proptest! {
        #[test]
        fn straight_lines_stay_straight_everywhere(colour in prop::array::uniform3(-2.0f32..3.0), size in 2usize..20) {
            for text in [solid(size, |level| 1.0 - level), flat(size, |level| 1.0 - level)] {
                let inverse = Cube::parse(&text).unwrap().map(colour);
                for (from, to) in colour.iter().zip(inverse) {
                    prop_assert!((1.0 - from - to).abs() < 1e-3, "{colour:?} became {inverse:?}");
                }
            }
        }

        #[test]
        fn no_text_panics(text in "(LUT_[13]D_SIZE|DOMAIN_M(IN|AX)|[-0-9.e]{1,4}|\\PC{1,5}|[ \n]){0,40}", colour in prop::array::uniform3(any::<f32>())) {
            if let Ok(cube) = Cube::parse(&text) {
                cube.map(colour);
            }
        }
    }
}
