//! Pairs of runs under one load, and what they say.

use super::{Load, Pair};
use crate::{
    Result,
    ratio::Ratio,
    report::median,
    verdict::{Verdict, is_enough},
};
use std::{fmt, time::Instant};

/// The pairs that count.
pub struct Comparison {
    load: &'static str,
    /// At least two, all with the same figures.
    pairs: Vec<Pair>,
}

impl Comparison {
    /// Heading of [`rows`](Self::rows).
    pub const HEAD: [&'static str; 6] = ["load", "figure", "old", "new", "new / old", "interval"];

    /// Makes pairs until there are enough of them, or the next would take longer than until then.
    /// The first pair warms up and does not count.
    pub fn measure(name: &'static str, load: &mut dyn Load, until: Instant) -> Result<Self> {
        load.pair(0)?;
        let mut found = Self {
            load: name,
            pairs: Vec::new(),
        };
        loop {
            let began = Instant::now();
            let pair = load.pair(found.pairs.len() + 1)?;
            let (figure, [old, new]) = pair[0];
            found.pairs.push(pair);
            let number = found.pairs.len();
            print!(
                "{name} {number}: {figure} {old:.2} -> {new:.2} ({:.3})",
                new / old
            );
            // An interval takes two.
            if number < 2 {
                println!();
                continue;
            }
            println!("; all {}", found.cpu());
            if is_enough(&found.cpu(), number) || Instant::now() + began.elapsed() > until {
                return Ok(found);
            }
        }
    }

    /// The verdict on the new build, from the CPU time per request.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.cpu(), self.pairs.len())
    }

    /// One table row per figure.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let row = |(index, &(figure, _)): (usize, &(&str, _))| {
            let middle = |side: usize| median(self.pairs.iter().map(|pair| pair[index].1[side]));
            let ratio = self.ratio(index);
            vec![
                self.load.to_owned(),
                figure.to_owned(),
                format!("{:.2}", middle(0)),
                format!("{:.2}", middle(1)),
                format!("{:.3}", ratio.mean),
                format!("{:.3} to {:.3}", ratio.lower, ratio.upper),
            ]
        };
        self.pairs[0].iter().enumerate().map(row).collect()
    }

    fn cpu(&self) -> Ratio {
        self.ratio(0)
    }

    fn ratio(&self, index: usize) -> Ratio {
        let sides = self.pairs.iter().map(|pair| pair[index].1);
        Ratio::two_sided(sides.map(|[old, new]| new / old))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (load, verdict) = (self.load, self.verdict());
        let (cpu, pairs) = (self.cpu(), self.pairs.len());
        write!(
            f,
            "{load}: {verdict}; CPU per request {cpu} of the old build's in {pairs} pairs"
        )
    }
}
