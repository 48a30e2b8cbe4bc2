//! Recall and precision over all crates that were scored.

use std::collections::BTreeSet;
use std::fmt;

use crate::score::{Label, Row, Score, Side};

/// So many of so many.
#[derive(Clone, Copy, Debug)]
struct Share {
    part: usize,
    whole: usize,
}

impl Share {
    /// The reported ones among the labels of a side that are meant.
    fn of<'a>(rows: &[&'a Row], side: Side, meant: impl Fn(&'a Label) -> bool) -> Share {
        let rows = rows.iter().filter(|row| row.label.side() == side && meant(&row.label));
        Share { part: rows.clone().filter(|row| row.is_reported()).count(), whole: rows.count() }
    }

    fn ratio(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }

    fn percent(self) -> f64 {
        self.ratio().unwrap_or_default() * 100.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5} of {:>3}", self.part, self.whole)?;
        match self.ratio() {
            Some(ratio) => write!(f, "  {ratio:.3}"),
            None => f.write_str("      -"),
        }
    }
}

/// What the command prints, and what is quoted of it.
pub struct Figures<'a> {
    scores: &'a [Score],
    rows: Vec<&'a Row>,
    known: usize,
}

impl<'a> Figures<'a> {
    /// Of these crates, out of so many that have labels.
    pub fn of(scores: &'a [Score], known: usize) -> Figures<'a> {
        Figures { scores, rows: scores.iter().flat_map(|score| &score.rows).collect(), known }
    }

    /// What the README says.
    pub fn summary(&self) -> String {
        let (recall, precision) = (self.recall(|_| true), self.precision(|_| true));
        format!(
            "Of {} retry sites in {} published crates that were labelled by eye, {} keep trying a dead key: `retrylint` reports {}\n\
             of them ({:.0}%), and {} of the {} labelled sites that it reports are among them ({:.0}%). It was developed with these\n\
             labels at hand: [docs/accuracy.md](docs/accuracy.md) has the command, the method and its limits.\n",
            self.rows.len(),
            self.scores.len(),
            recall.whole,
            recall.part,
            recall.percent(),
            precision.part,
            precision.whole,
            precision.percent(),
        )
    }

    fn recall(&self, meant: impl Fn(&'a Label) -> bool) -> Share {
        Share::of(&self.rows, Side::Bad, meant)
    }

    fn precision(&self, meant: impl Fn(&'a Label) -> bool + Copy) -> Share {
        let (hits, alarms) = (self.recall(meant).part, Share::of(&self.rows, Side::Healthy, meant).part);
        Share { part: hits, whole: hits + alarms }
    }

    /// The precision if what is reported without a label counts as wrong, where all sites of the crate have one.
    fn strict(&self) -> Share {
        let Share { part, whole } = self.precision(|_| true);
        let exhaustive = self.scores.iter().filter(|score| score.is_exhaustive);
        Share { part, whole: whole + exhaustive.map(Score::unlabelled).sum::<usize>() }
    }

    /// The recall of each crate that has bad sites, averaged, so that one crate with many of a kind does not decide.
    fn mean_recall(&self) -> Option<(usize, f64)> {
        let recalls: Vec<f64> = self
            .scores
            .iter()
            .filter_map(|score| Share { part: score.reported(Side::Bad), whole: score.labelled(Side::Bad) }.ratio())
            .collect();
        (!recalls.is_empty()).then(|| (recalls.len(), recalls.iter().sum::<f64>() / recalls.len() as f64))
    }

    /// What stands in this field of the labels of a side, in order.
    fn values(&self, side: Option<Side>, field: impl Fn(&'a Label) -> &'a str) -> BTreeSet<&'a str> {
        let rows = self.rows.iter().filter(|row| side.is_none_or(|side| row.label.side() == side));
        rows.map(|row| field(&row.label)).collect()
    }
}

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unsure: usize = self.scores.iter().map(|score| score.labelled(Side::Unsure)).sum();
        writeln!(
            f,
            "{} of {} labelled crates, {} sites; {unsure} of them are UNSURE and do not count",
            self.scores.len(),
            self.known,
            self.rows.len()
        )?;

        writeln!(f, "\nrecall: bad sites that are reported")?;
        for verdict in self.values(Some(Side::Bad), |label| &label.verdict) {
            writeln!(f, "  {verdict:<24}{}", self.recall(|label| label.verdict == verdict))?;
        }
        for kind in self.values(None, |label| &label.kind) {
            writeln!(f, "  {kind:<24}{}", self.recall(|label| label.kind == kind))?;
        }
        writeln!(f, "  {:<24}{}", "sure labels only", self.recall(|label| label.confidence == "high"))?;
        writeln!(f, "  {:<24}{}", "all", self.recall(|_| true))?;
        if let Some((crates, mean)) = self.mean_recall() {
            writeln!(f, "  {:<24}{:>14}  {mean:.3}", "mean by crate", format!("{crates} crates"))?;
        }

        writeln!(f, "\nfalse alarms: healthy sites that are reported")?;
        for verdict in self.values(Some(Side::Healthy), |label| &label.verdict) {
            let share = Share::of(&self.rows, Side::Healthy, |label| label.verdict == verdict);
            writeln!(f, "  {verdict:<24}{share}")?;
        }

        writeln!(f, "\nprecision: reported sites that are bad")?;
        for kind in self.values(None, |label| &label.kind) {
            writeln!(f, "  {kind:<24}{}", self.precision(|label| label.kind == kind))?;
        }
        writeln!(f, "  {:<24}{}", "all", self.precision(|_| true))?;
        writeln!(f, "  {:<24}{}", "strict", self.strict())?;
        let whole = self.scores.iter().filter(|score| score.is_exhaustive).count();
        let unlabelled: usize = self.scores.iter().map(Score::unlabelled).sum();
        writeln!(
            f,
            "strict: in the {whole} crates in which every site has a label, a report on something else is wrong.\n\
             {unlabelled} reports in all are on sites without a label."
        )
    }
}
