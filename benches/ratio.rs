//! Ratios within rounds, and how sure they are.

use statrs::distribution::{ContinuousCDF, StudentsT};
use std::fmt;

/// How many of a hundred such measurements have the ratio below their upper bound; as many have it
/// above their lower one.
const CONFIDENCE: f64 = 0.95;

/// The geometric mean of ratios, between bounds by Student's t on their logarithms.
pub struct Ratio {
    pub mean: f64,
    pub lower: f64,
    pub upper: f64,
}

impl Ratio {
    /// Of at least two ratios.
    pub fn of(ratios: impl IntoIterator<Item = f64>) -> Self {
        let logs: Vec<f64> = ratios.into_iter().map(f64::ln).collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        let error = (squares / (count - 1.0) / count).sqrt();
        let students =
            StudentsT::new(0.0, 1.0, count - 1.0).expect("at least one degree of freedom");
        let margin = students.inverse_cdf(CONFIDENCE) * error;
        Self {
            mean: mean.exp(),
            lower: (mean - margin).exp(),
            upper: (mean + margin).exp(),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.3} ({:.3} to {:.3})",
            self.mean, self.lower, self.upper
        )
    }
}
