//! Ratios within rounds, and how sure they are.

use statrs::distribution::{ContinuousCDF, StudentsT};
use std::fmt;

/// The geometric mean of ratios, between bounds by Student's t on their logarithms.
pub struct Ratio {
    pub mean: f64,
    pub lower: f64,
    pub upper: f64,
}

impl Ratio {
    /// Between one-sided bounds of at least two ratios: of a hundred such measurements, 95 have the
    /// ratio below their upper bound, and as many have it above their lower one.
    pub fn of(ratios: impl IntoIterator<Item = f64>) -> Self {
        Self::with_quantile(ratios, 0.95)
    }

    /// Within a two-sided interval: 95 of a hundred such measurements have the ratio in theirs.
    pub fn two_sided(ratios: impl IntoIterator<Item = f64>) -> Self {
        Self::with_quantile(ratios, 0.975)
    }

    /// Difference of the bounds.
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }

    fn with_quantile(ratios: impl IntoIterator<Item = f64>, quantile: f64) -> Self {
        let logs: Vec<f64> = ratios.into_iter().map(f64::ln).collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        let error = (squares / (count - 1.0) / count).sqrt();
        let students =
            StudentsT::new(0.0, 1.0, count - 1.0).expect("at least one degree of freedom");
        let margin = students.inverse_cdf(quantile) * error;
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
